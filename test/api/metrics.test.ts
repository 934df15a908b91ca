import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idleEngine } from '../../api/engine/engine.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import { activityWiring, orderlyStop } from '../../workers/wiring.js';
import { aList, anApi, type TestApi } from '../support/api/api.js';
import { smtpServer } from '../support/scripted/smtp-server.js';
import { aPage, insertPages } from '../support/store/ledger-pages.js';
import { anAcceptedMessage } from '../support/store/messages.js';

const TOKEN = 'a-token-for-prometheus';
let api: TestApi;
beforeAll(async () => {
  api = await anApi({ METRICS_TOKEN: TOKEN }, { engine: { ...idleEngine, reachable: async () => false } });
});
afterAll(() => api.close());

const scrape = (token: string | null = TOKEN) =>
  api.call('GET /metrics', { key: null, headers: token === null ? {} : { authorization: `Bearer ${token}` } });

test('metrics of requests, servers and mail in progress are available to Prometheus', async () => {
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

test('with a worker in the same process they include the outcomes of its mails', async () => {
  const registry = new Registry();
  const both = await anApi({ METRICS_TOKEN: TOKEN }, { registry });
  const { store, account, deps } = both;
  const receiver = await smtpServer({ onRcpt: (to) => (to === 'gone@example.com' ? '550 5.1.1 no' : undefined) });
  const dependencies = {
    config: deps.config,
    store,
    times: PROTOCOL_TIMES,
    lanes: 1,
    log: pino({ level: 'silent' }),
  };
  const worker = await activityWiring({ ...dependencies, smtpUrl: receiver.url, registry }, orderlyStop());
  for (const email of ['ann@example.com', 'gone@example.com']) {
    const message = await anAcceptedMessage(store, { account, to: { email, name: null }, to_key: email });
    await worker.messageSteps.activities.beginMessage({ account, message: message._id });
  }
  // On a busy machine the first read may precede the attempt.
  await worker.messageSteps.ended();
  await insertPages(store, [aPage({ account, ids: [1, 2, 3], token: 'gone', claimed: 3 })]);
  await worker.ledger.sweep(account, 1);
  const { body } = await both.call('GET /metrics', { key: null, headers: { authorization: `Bearer ${TOKEN}` } });
  for (const line of [
    'everpost_mails_total{kind="message",outcome="sent"} 1',
    'everpost_mails_total{kind="message",outcome="failed"} 1',
    'everpost_mails_total{kind="campaign",outcome="uncertain"} 3',
    'everpost_smtp_seconds_count{step="connect"} 1',
    'everpost_smtp_seconds_count{step="mail"} 2',
    'everpost_server_up{server="mongodb"} 1',
  ]) {
    expect(body).toContain(line);
  }
  expect(body).not.toMatch(/example\.com|127\.0\.0\.1/);
  await Promise.all([
    worker.outgoing.close(),
    worker.web.close(),
    worker.renderer.close(),
    worker.tasks.close(),
    worker.messageSteps.ended(),
  ]);
  await receiver.close();
  await both.close();
});

test.each([null, 'wrong', `${TOKEN}x`])('requests with another token are refused: %s', async (token) => {
  expect((await scrape(token)).statusCode).toBe(401);
});

test('while the database is down they report it, and all others are available', async () => {
  const alone = await anApi({ METRICS_TOKEN: TOKEN });
  await alone.store.close();
  const answer = await alone.call('GET /metrics', { key: null, headers: { authorization: `Bearer ${TOKEN}` } });
  expect([answer.statusCode, answer.body.includes('everpost_server_up{server="mongodb"} 0')]).toEqual([200, true]);
  expect(answer.body).not.toMatch(/^everpost_(?:messages_open|campaigns)\b/m);
  await alone.app.close();
});

test('without a token the route does not exist', async () => {
  const withoutToken = await anApi();
  expect((await withoutToken.call('GET /metrics', { key: null })).statusCode).toBe(404);
  await withoutToken.close();
});
