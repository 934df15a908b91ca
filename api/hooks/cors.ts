import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const ALLOWED_HEADERS = 'authorization, content-type, idempotency-key, if-match, everpost-account, request-id';
const EXPOSED_HEADERS = 'etag, location, request-id, idempotent-replayed, ratelimit, ratelimit-policy, retry-after';
const DAY = '86400';

/** Allows pages of the configured origins to call the API from a browser; off without any. Credentials are never allowed. */
export function allowOrigins(app: Api, { config }: Pick<Deps, 'config'>): void {
  const { corsOrigins } = config.http;
  if (corsOrigins.length === 0) return;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin');
    const { origin, 'access-control-request-method': preflightMethod } = request.headers;
    if (origin === undefined || !corsOrigins.includes(origin)) return;
    reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS });
    if (request.method !== 'OPTIONS' || preflightMethod === undefined) return;
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': DAY,
      })
      .send();
  });
}
