import type { Api } from '../../api.js';

const KIB = 1024;

/** What a route that names no limit of its own takes; the first that fits. Letters and batches are large, the rest are a few fields. */
const LIMITS: readonly (readonly [url: RegExp, bytes: number])[] = [
  [/^\/api\/v1\/(campaigns|templates|newsletters)\b/, 5 * KIB * KIB],
  [/^\/api\/v1\/\w+\/batch$/, 5 * KIB * KIB],
  [/^\/api\/v1\//, 256 * KIB],
];

/** For everything else: the dialects take whole mails. */
export const LARGEST_BODY = 5 * KIB * KIB;

/** Every route registered after this has a limit for its body. */
export function limitBodies(app: Api): void {
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= LIMITS.find(([url]) => url.test(route.url))?.[1] ?? LARGEST_BODY;
  });
}
