import { timingSafeEqual } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Failure } from '../../domain/errors.js';
import { storeResponds } from '../../store/mongo/responds.js';
import type { Api } from '../api.js';
import type { Deps } from '../wiring.js';
import { mergedMetrics } from './merged-metrics.js';
import { watchOpenWork } from './open-work.js';

const COLLECT_TIMEOUT_MS = 2_000;
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Metrics of this process and of the store for Prometheus, at `/metrics`. The route exists only where `METRICS_TOKEN` is set
 * and requires that token. No label names an account or a person.
 */
export function metrics(app: Api, deps: Deps): void {
  const { metricsToken } = deps.config.http;
  if (metricsToken === undefined) return;
  const registry = deps.registry ?? new Registry();
  collectDefaultMetrics({ register: registry });
  registerMetrics(app, registry, deps);
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!isToken(request.headers.authorization, metricsToken)) throw new Failure('unauthenticated');
    const texts = await Promise.all([registry.metrics(), ...(await (deps.otherMetrics?.() ?? []))]);
    return reply.type(registry.contentType).send(mergedMetrics(texts));
  });
}

/** Registers every metric of the API of our own. */
export function registerMetrics(app: Pick<Api, 'addHook'>, registry: Registry, deps: Deps): void {
  timeRequests(app, registry);
  watchServers(registry, deps);
  watchOpenWork(registry, deps, withinTimeout);
}

/** Compares the header with the token in constant time. */
export function isToken(given: string | undefined, token: string): boolean {
  const [sent, expected] = [Buffer.from(given ?? ''), Buffer.from(`Bearer ${token}`)];
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}

function timeRequests(app: Pick<Api, 'addHook'>, registry: Registry): void {
  const seconds = new Histogram({
    name: 'everpost_http_request_seconds',
    help: 'Time from a request to its answer, by route as registered.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const labels = { method, route: routeOptions.url ?? 'unknown', status: reply.statusCode };
    seconds.observe(labels, reply.elapsedTime / 1_000);
  });
}

function watchServers(registry: Registry, { store, engine }: Deps): void {
  const up = new Gauge({
    name: 'everpost_server_up',
    help: '1 where this process reaches the server, else 0.',
    labelNames: ['server'],
    registers: [registry],
    collect: async () => {
      const [mongodb, temporal] = await Promise.all([
        withinTimeout(storeResponds(store, COLLECT_TIMEOUT_MS)),
        withinTimeout(engine.reachable()),
      ]);
      up.set({ server: 'mongodb' }, Number(mongodb ?? false));
      up.set({ server: 'temporal' }, Number(temporal ?? false));
    },
  });
}

/** Limits the wait for a server: a missing value must not delay the others. */
function withinTimeout<T>(figure: Promise<T>): Promise<T | undefined> {
  const timeout = setTimeout(COLLECT_TIMEOUT_MS, undefined, { ref: false });
  return Promise.race([figure.catch(() => undefined), timeout]);
}
