import helmet from '@fastify/helmet';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';

/** Denies a response every capability in a browser. Pages set their own policy. */
const DENY_ALL = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/** Sets security headers on every response; a page's own policy overrides this one. */
export async function secureHeaders(app: Api, { config }: Pick<Deps, 'config'>): Promise<void> {
  const overTls = config.publicUrl.startsWith('https://');
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: DENY_ALL },
    // Mail programs and their proxies embed pixels and logos in pages of other origins.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: overTls && { maxAge: 31_536_000, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
}

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
