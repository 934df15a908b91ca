import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { LogController } from 'fastify';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Config } from '../../config.js';
import type { Api } from '../api.js';

/** Structured logs without addresses, bodies, keys or query strings. */
export function openLog(config: Pick<Config, 'logLevel'>, out?: DestinationStream): Logger {
  const options = { level: config.logLevel, base: { name: 'everpost' }, serializers: { err: redactedError } };
  return out === undefined ? pino(options) : pino(options, out);
}

/** Keeps a caller's `Request-Id` if it is harmless, so that logs of both systems can be matched. */
export const requestIds = {
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request' }),
  genReqId: (request: IncomingMessage): string => {
    const given = request.headers['request-id'];
    return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
  },
};

/** One line per request: its route as registered (a path may contain an address), status and milliseconds. */
export function requestLog(app: Api): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const ms = Math.round(reply.elapsedTime);
    request.log.info({ method, route: routeOptions.url ?? 'unknown', status: reply.statusCode, ms }, 'answered');
  });
}

/** Errors may quote input: addresses and secrets in them are removed. */
function redactedError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  return { type: error.name, message: redacted(error.message), code, stack: redacted(error.stack ?? '') };
}

/** Replaces keys, tokens, passwords in URLs and addresses with a placeholder. */
export function redacted(text: string): string {
  return text
    .replace(/\b(evp_|whsec_)[\w+/=-]+|\bBearer\s+[\x21-\x7e]+/gi, '[secret]')
    .replace(/([?&](?:api_key|token|secret|password)=)[^&\s"']+/gi, '$1[secret]')
    .replace(/(\w:\/\/)[^\s/@"']+@/g, '$1[secret]@')
    .replace(/(?<![^\s"'<>:,;()[\]{}/])[^\s"'<>:,;()[\]{}/]+@[^\s"'<>,;()[\]{}]+/g, '[address]');
}
