import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { missingSettings } from '../../cli/addresses.js';
import { serveWorkerMetrics, type WorkerMetrics } from '../../cli/worker/metrics.js';
import { readConfig } from '../../config.js';
import { mailMetrics } from '../../workers/metrics.js';

const TOKEN = 'a-token-for-prometheus';
const log = pino({ level: 'silent' });
const configured = readConfig({ METRICS_TOKEN: TOKEN, METRICS_PORT: '0' });
const registry = new Registry();
let page: WorkerMetrics | undefined;
beforeAll(async () => {
  mailMetrics(registry).campaign('sent', 12);
  page = await serveWorkerMetrics(configured, registry, log);
});
afterAll(() => page?.stop());

const ask = (path: string, token: string | null = TOKEN, method = 'GET') =>
  fetch(`http://127.0.0.1:${page?.port}${path}`, {
    method,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });

test('a worker alone shows what became of its mails, and how its process is', async () => {
  const answer = await ask('/metrics');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, registry.contentType]);
  const text = await answer.text();
  expect(text).toContain('everpost_mails_total{kind="campaign",outcome="sent"} 12');
  expect(text).toContain('nodejs_eventloop_lag_seconds');
});

test.each([
  ['/metrics', null, 'GET', 401],
  ['/metrics', `${TOKEN}x`, 'GET', 401],
  ['/metrics', TOKEN, 'POST', 404],
  ['/', TOKEN, 'GET', 404],
  ['/metrics/', TOKEN, 'GET', 404],
  ['/health', null, 'GET', 404],
])('%s with %s by %s is answered %i', async (path, token, method, status) => {
  expect((await ask(path, token, method)).status).toBe(status);
});

test('where the port is taken the worker goes on without', async () => {
  const edge = { ...configured.http, metricsPort: page?.port };
  const second = await serveWorkerMetrics({ ...configured, http: edge }, new Registry(), log);
  expect(second?.port).toBeUndefined();
  second?.stop();
});

test('without a port there is no such page; without a token the port is a fault', async () => {
  expect(await serveWorkerMetrics(readConfig({ METRICS_TOKEN: TOKEN }), new Registry(), log)).toBeUndefined();
  const unseen = readConfig({ METRICS_PORT: '9464' });
  expect(missingSettings(unseen, 'worker')).toContain('METRICS_PORT needs METRICS_TOKEN');
  expect(missingSettings(unseen, 'api')).not.toContain('METRICS_PORT needs METRICS_TOKEN');
});
