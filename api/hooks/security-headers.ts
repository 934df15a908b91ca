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
