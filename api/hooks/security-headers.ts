import helmet from '@fastify/helmet';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';

/** What an answer may do in a browser: nothing. Pages say themselves what they need. */
const DENY_ALL = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/** Security headers on every answer; a page with a policy of its own overrides the one here. */
export async function secureHeaders(app: Api, { config }: Pick<Deps, 'config'>): Promise<void> {
  const overTls = config.publicUrl.startsWith('https://');
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: DENY_ALL },
    // Pixels and logos are shown by mail programs and their proxies: by pages that are not ours.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: overTls && { maxAge: 31_536_000, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
}
