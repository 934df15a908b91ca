import { afterAll, beforeAll, expect, test } from 'vitest';
import { idleEngine } from '../../api/engine.js';
import { aList, anApi, type TestApi } from '../support/api.js';

const TOKEN = 'a-token-for-prometheus';
let api: TestApi;
beforeAll(async () => {
  api = await anApi({ METRICS_TOKEN: TOKEN }, { engine: { ...idleEngine, reachable: async () => false } });
});
afterAll(() => api.close());

const scrape = (token: string | null = TOKEN) =>
  api.call('GET /metrics', { key: null, headers: token === null ? {} : { authorization: `Bearer ${token}` } });

test('figures of requests, servers and of what is under way are there for Prometheus', async () => {
  const list = await aList(api);
  await api.call(`GET /api/v1/lists/${list}`);
  await api.call('POST /api/v1/messages', { payload: { to: 'ann@example.com', subject: 'Hello', text: 'Hello' } });
  await api.store.db.collection('campaigns').insertOne({ account: api.account, state: 'sending' });
  const { statusCode, headers, body } = await scrape();
  expect([statusCode, headers['content-type']]).toEqual([200, expect.stringContaining('text/plain')]);
  for (const line of [
    'everpost_http_request_seconds_count{method="GET",route="/api/v1/lists/:id",status="200"} 1',
    'everpost_server_up{server="mongodb"} 1',
    'everpost_server_up{server="temporal"} 0',
    'everpost_campaigns{state="sending"} 1',
    'everpost_messages_open 1',
  ]) {
    expect(body).toContain(line);
  }
  expect(body).toContain('nodejs_eventloop_lag_seconds');
  expect(body).not.toContain('ann@example.com');
});

test.each([null, 'wrong', `${TOKEN}x`])('nobody else sees them: %s', async (token) => {
  expect((await scrape(token)).statusCode).toBe(401);
});

test('while the database is away they say so, and the others are there', async () => {
  const alone = await anApi({ METRICS_TOKEN: TOKEN });
  await alone.store.close();
  const answer = await alone.call('GET /metrics', { key: null, headers: { authorization: `Bearer ${TOKEN}` } });
  expect([answer.statusCode, answer.body.includes('everpost_server_up{server="mongodb"} 0')]).toEqual([200, true]);
  expect(answer.body).not.toMatch(/^everpost_(?:messages_open|campaigns)\b/m);
  await alone.app.close();
});

test('without a token there is no such page', async () => {
  const quiet = await anApi();
  expect((await quiet.call('GET /metrics', { key: null })).statusCode).toBe(404);
  await quiet.close();
});
