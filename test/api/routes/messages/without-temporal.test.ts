import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporalEngine } from '../../../../api/engine/engine.js';
import { lazyClient } from '../../../../api/engine/lazy-client.js';
import { openLog } from '../../../../api/log.js';
import { readConfig } from '../../../../config.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { post, rows } from '../../../support/api/messages.js';

/** No process listens on the discard port, and no call reaches it before the tests end. */
const temporal = lazyClient('127.0.0.1:9', 'default');
const log = openLog(readConfig({ LOG_LEVEL: 'silent' }));
let letGo = () => {};
const through = new Promise<void>((resolve) => {
  letGo = resolve;
});
const engine = temporalEngine({
  client: () => through.then(temporal.client),
  prefix: 'none',
  publicUrl: 'http://everpost.test',
  log,
});
let api: TestApi;

beforeAll(async () => {
  api = await anApi({}, { engine, log });
});
afterAll(async () => {
  await api.close();
  letGo();
  await engine.close();
  await temporal.close();
});

test('messages are accepted and cancelled while Temporal is down, and the sweep finds them', async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, () => post(api)));
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([202]));
  const cancelled = await api.call(`POST /api/v1/messages/${answers[0]?.json().data.id}/cancel`);
  expect(cancelled.statusCode).toBe(200);
  // No workflow start has completed, so no request waited for one.
  const due = await api.deps.messages.due(new Date('2100-01-01T00:00:00Z'), 100);
  expect(due).toHaveLength(40);
  expect((await rows(api, { state: 'accepted' })).every(({ sweep_at }) => sweep_at !== null)).toBe(true);
});
