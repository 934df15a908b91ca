import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type KnownMetric, knownMetrics } from '../../cli/reference/metrics.js';
import { packageRoot } from '../../config.js';
import { CAMPAIGN_STATES } from '../../domain/campaign/campaign.js';
import { CAMPAIGN_REASONS } from '../../domain/campaign/reasons.js';
import { TRANSPORT_STATES } from '../../domain/delivery/transport-health.js';
import { WAITING_REASONS } from '../../domain/waiting/waiting.js';

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');

const defaults = new Registry();
collectDefaultMetrics({ register: defaults });
const metrics = [
  ...Object.values(knownMetrics()).flat(),
  ...(defaults.getMetricsAsArray() as unknown as readonly KnownMetric[]),
];
/** Added by Prometheus to every series. */
const OF_PROMETHEUS = ['instance', 'job'];

/** The labels of each series: a histogram has three. */
const series = new Map(
  metrics.flatMap(({ name, type, labelNames }): [string, readonly string[]][] =>
    type === 'histogram'
      ? [
          [`${name}_bucket`, [...labelNames, 'le']],
          [`${name}_sum`, labelNames],
          [`${name}_count`, labelNames],
        ]
      : [[name, labelNames]],
  ),
);

/** The values of labels with a fixed set of them. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  outcome: ['sent', 'deferred', 'failed', 'uncertain', 'skipped'],
  kind: ['campaign', 'message', 'issue'],
  reason: [...Object.keys(WAITING_REASONS), ...Object.keys(CAMPAIGN_REASONS)],
  state: [...TRANSPORT_STATES, ...CAMPAIGN_STATES],
  reader: ['sequencer', 'webhooks'],
  server: ['mongodb', 'temporal'],
  step: ['connect', 'mail'],
};

interface Used {
  readonly names: readonly string[];
  readonly labels: readonly string[];
  /** Each label with the value that it is compared with. */
  readonly matchers: readonly (readonly [label: string, value: string])[];
}

/** What an expression uses; throws where it is no PromQL. */
function usedBy(expression: string): Used {
  const names: string[] = [];
  const labels: string[] = [];
  const matchers: (readonly [string, string])[] = [];
  parser.parse(expression).iterate({
    enter: ({ name, from, to, type }) => {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expression}`);
      if (name === 'Identifier') names.push(text);
      if (name === 'LabelName') labels.push(text);
      if (name === 'StringLiteral') matchers.push([labels.at(-1) ?? '', text.slice(1, -1)]);
    },
  });
  return { names, labels, matchers };
}

/** What in an expression no series has. */
function unknownIn(expression: string): string[] {
  const { names, labels, matchers } = usedBy(expression);
  const has = new Set([...names.flatMap((name) => series.get(name) ?? []), ...OF_PROMETHEUS]);
  const missing = (label: string, value: string) => {
    const possible = VALUES[label];
    const parts = value.split('|');
    return possible !== undefined && !parts.every((part) => possible.includes(part));
  };
  return [
    ...names.filter((name) => !series.has(name)),
    ...labels.filter((label) => !has.has(label)),
    ...matchers.filter(([label, value]) => missing(label, value)).map(([label, value]) => `${label}="${value}"`),
  ];
}

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}
const alerts = (parse(read('deploy/prometheus/alerts.yml')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);
const dashboard = JSON.parse(read('deploy/grafana/everpost.json')) as {
  panels: { title: string; targets: { expr: string; legendFormat: string }[] }[];
};

test.each([
  ['everpost_mails_total{outcome="sent"}', []],
  ['sum by (le) (rate(everpost_smtp_seconds_bucket{step="mail"}[5m]))', []],
  ['everpost_smtp_seconds > 1', ['everpost_smtp_seconds']],
  ['everpost_mails{outcome="sent"}', ['everpost_mails', 'outcome']],
  ['sum by (account) (everpost_mails_total)', ['account']],
  ['everpost_transports{state=~"down|broken"}', ['state="down|broken"']],
])('%s uses unknown names: %j', (expression, unknown) => {
  expect(unknownIn(expression)).toEqual(unknown);
});

test('an expression that is no PromQL is found', () => {
  expect(() => usedBy('sum(everpost_mails_total')).toThrow('no PromQL');
});

describe.each(alerts)('$alert', ({ alert, expr, for: lasts, labels, annotations }) => {
  test('uses metrics and labels that exist, and says what to do', () => {
    expect(unknownIn(expr)).toEqual([]);
    expect(usedBy(expr).names.length).toBeGreaterThan(0);
    expect(alert).toMatch(/^Everpost[A-Z]\w+$/);
    expect(lasts).toMatch(/^\d+m$/);
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\.$/);
    expect(annotations.description).toMatch(/\.$/);
    const shown = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
    expect(shown.filter((label) => !usedBy(expr).labels.includes(label))).toEqual([]);
  });
});

test('alerts have different names, and each of our gauges that tells of trouble has one', () => {
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  const used = new Set(alerts.flatMap(({ expr }) => usedBy(expr).names));
  const without = metrics.map(({ name }) => name).filter((name) => name.startsWith('everpost_') && !used.has(name));
  // Volumes are not good or bad by themselves, and the duration of replies depends on the receiver.
  expect(without.sort()).toEqual([
    'everpost_campaigns',
    'everpost_http_request_seconds',
    'everpost_messages_open',
    'everpost_smtp_seconds',
  ]);
});

describe.each(dashboard.panels)('panel $title', ({ targets }) => {
  test('shows metrics and labels that exist', () => {
    for (const { expr, legendFormat } of targets) {
      expect(unknownIn(expr)).toEqual([]);
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      expect(shown.filter((label) => !usedBy(expr).labels.includes(label))).toEqual([]);
    }
  });
});

test('every metric of our own is on the dashboard, and the guide names no other', () => {
  const shown = new Set(dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => usedBy(expr).names)));
  const own = metrics.filter(({ name }) => name.startsWith('everpost_'));
  const isShown = ({ name }: KnownMetric) => [name, `${name}_bucket`].some((one) => shown.has(one));
  expect(own.filter((one) => !isShown(one)).map(({ name }) => name)).toEqual([]);
  const named = read('docs/guides/operating.md').match(/\beverpost_\w+/g) ?? [];
  expect(named.filter((name) => !own.some((one) => one.name === name))).toEqual([]);
});
