import { Registry } from 'prom-client';
import { registerMetrics } from '../../api/metrics/metrics.js';
import type { Deps } from '../../api/wiring.js';
import { mailMetrics } from '../../workers/metrics.js';
import { code, type Page, page, table } from './page.js';

/** A metric as its process registers it. */
export interface KnownMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** Every metric of our own, by the process that has it; nothing is read. */
export function knownMetrics(): Readonly<Record<'API' | 'worker', readonly KnownMetric[]>> {
  const [api, worker] = [new Registry(), new Registry()];
  // Neither is used before a scrape or a request.
  registerMetrics({ addHook: () => undefined } as never, api, {} as Deps);
  mailMetrics(worker);
  const metricsOf = (registry: Registry) => registry.getMetricsAsArray() as unknown as KnownMetric[];
  return { API: metricsOf(api), worker: metricsOf(worker) };
}

/** The page about metrics. */
export function metricsPage(): Page {
  const rows = Object.entries(knownMetrics()).flatMap(([of, metrics]) =>
    metrics.map(({ name, type, labelNames, help }) => [code(name), type, labelNames.map(code).join(', '), of, help]),
  );
  return page(
    'metrics',
    'api/metrics, workers/metrics.ts',
    'Metrics',
    [
      '`/metrics` of an API and of a worker, in the format of Prometheus, with `METRICS_TOKEN`. With `start` both are on one page.',
      '[Operating](../guides/operating.md) explains them, `deploy/prometheus/alerts.yml` has alerts and',
      '`deploy/grafana/everpost.json` a dashboard. The `process_` and `nodejs_` metrics of `prom-client` are there too.',
    ].join('\n'),
    table(['metric', 'type', 'labels', 'of', 'meaning'], rows),
  );
}
