import type { Api } from '../../api.js';

const KIB = 1024;

/** Body limits of routes that set none; the first match counts. Campaigns and batches are large, other bodies have few fields. */
const LIMITS: readonly (readonly [url: RegExp, bytes: number])[] = [
  [/^\/api\/v1\/(campaigns|templates|newsletters)\b/, 5 * KIB * KIB],
  [/^\/api\/v1\/\w+\/batch$/, 5 * KIB * KIB],
  [/^\/api\/v1\//, 256 * KIB],
];

/** For all other routes: dialects accept whole mails. */
export const LARGEST_BODY = 5 * KIB * KIB;

/** Sets a body limit on every route registered afterwards. */
export function limitBodies(app: Api): void {
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= LIMITS.find(([url]) => url.test(route.url))?.[1] ?? LARGEST_BODY;
  });
}
