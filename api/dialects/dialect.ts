import type { DialectName } from '../../config.js';
import type { Failure } from '../../domain/errors.js';
import type { Api } from '../api.js';
import type { Credentials } from '../hooks/auth.js';
import type { Deps } from '../wiring.js';

/** An error response in the form of a dialect. */
export interface RefusalResponse {
  readonly status: number;
  readonly body: object;
}

/** The API of another product: its requests are translated into the calls of native routes. It has no rules of its own. */
export interface Dialect {
  /** Paths below each of these belong to this dialect only. */
  readonly prefixes: readonly string[];
  readonly credentials: Credentials;
  /** Requests a second from one IP address, over all its keys. */
  readonly perSecondAndAddress?: number;
  /** `status` is the native one. */
  readonly toRefusal: (failure: Failure, status: number) => RefusalResponse;
  /** Registers the routes below a prefix. */
  readonly routes: (api: Api, deps: Deps, prefix: string) => void;
}

/** The tag of a dialect in the OpenAPI document. */
export function tagOf(name: DialectName): string {
  return `Dialect: ${name}`;
}

const header = (name: string) => ({ type: 'apiKey', in: 'header', name }) as const;

/** The header in which each dialect expects its key. */
export const DIALECT_KEYS = {
  'public-key': header('public-key'),
  'private-key': header('private-key'),
  'x-api-token': header('X-Api-Token'),
  'x-api-key': header('X-Api-Key'),
};
