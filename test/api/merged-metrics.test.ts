import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { mergedMetrics } from '../../api/metrics/merged-metrics.js';

async function textOf(name: string | undefined, count: number): Promise<string> {
  const registry = new Registry();
  if (name !== undefined) registry.setDefaultLabels({ process: name });
  collectDefaultMetrics({ register: registry });
  const mails = new Counter({ name: 'mails_total', help: 'Mails.', labelNames: ['kind'], registers: [registry] });
  mails.inc({ kind: 'campaign' }, count);
  return registry.metrics();
}

test('each metric is described once, and each value is kept', async () => {
  const texts = await Promise.all([textOf(undefined, 1), textOf('send-0', 20), textOf('send-1', 300)]);
  const text = mergedMetrics(texts);
  const values = (of: string) => of.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(values(text).toSorted()).toEqual(texts.flatMap(values).toSorted());
  const described = text.match(/^# HELP \S+/gm) ?? [];
  expect(new Set(described).size).toBe(described.length);
  expect(text).toContain(
    [
      '# HELP mails_total Mails.',
      '# TYPE mails_total counter',
      'mails_total{kind="campaign"} 1',
      'mails_total{kind="campaign",process="send-0"} 20',
      'mails_total{kind="campaign",process="send-1"} 300',
      '',
    ].join('\n'),
  );
});

test('the metrics of one process stay as they are', async () => {
  const text = await textOf(undefined, 1);
  expect(mergedMetrics([text])).toBe(text);
});
