import type { LightMyRequestResponse as Response } from 'fastify';
import type { Call, TestApi } from '../api/api.js';

type Ask = (route: string, payload?: unknown, options?: Call) => Promise<Response>;

/** A client of a dialect with the first account's key, or with another one. */
export function caller({ call, key }: TestApi, header: string): Ask {
  return (route, payload, { key: given = key, headers, ...options } = {}) => {
    const own = given === null ? {} : { [header]: given };
    const body = payload === undefined ? {} : { payload: payload as object };
    return call(route, { ...body, ...options, key: null, headers: { ...own, ...headers } });
  };
}
