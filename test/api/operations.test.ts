import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idleEngine } from '../../api/engine/engine.js';
import { knownRoutes } from '../../api/hooks/known-routes.js';
import { TIME_LIMITS } from '../../api/hooks/limits/time-limits.js';
import { serveApi } from '../../api/server.js';
import { readConfig } from '../../config.js';
import { EVENT_TYPES } from '../../domain/event-types.js';
import type { OwnServer, ServerOutage } from '../../domain/servers/restarts.js';
import { EVENT_SAMPLES } from '../../domain/webhook/samples.js';
import { deliveryBody } from '../../web/webhook/body.js';
import { anApi, type TestApi } from '../support/api/api.js';
import { webhookSchemas } from '../support/api/webhook-schemas.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

interface Operation {
  readonly summary?: string;
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>;
  readonly requestBody?: { readonly content: Record<string, { schema: { example?: unknown; examples?: unknown } }> };
}

test('/health reports that the process runs, /ready that it accepts requests', async () => {
  expect((await api.call('GET /health', { key: null })).json()).toEqual({ status: 'ok' });
  const ready = await api.call('GET /ready', { key: null });
  expect(ready.json()).toEqual({ status: 'ok', temporal: 'reachable' });
});

test('without Temporal the API is ready and reports it as unreachable', async () => {
  const engine = { ...idleEngine, reachable: () => Promise.reject(new Error('connection refused')) };
  const degraded = await anApi({}, { engine });
  const ready = await degraded.call('GET /ready', { key: null });
  expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ok', temporal: 'unreachable' }]);
  await degraded.close();
});

test('without its store the API is not ready', async () => {
  const degraded = await anApi();
  await degraded.store.close();
  const answer = await degraded.call('GET /ready', { key: null });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
  expect(answer.json()).toEqual({ error: { code: 'unavailable', message: 'MongoDB cannot be reached.' } });
  expect((await degraded.call('GET /health', { key: null })).statusCode).toBe(200);
  await degraded.close().catch(() => undefined);
});

describe('own servers that are started again', () => {
  const since = new Date('2026-05-15T09:00:00Z');
  const outage = (server: OwnServer, nextTry: Date | null) => ({
    server,
    since,
    nextTry,
    detail: 'it ended with SIGKILL',
  });
  const ready = async (outages: readonly ServerOutage[]) => {
    const own = await anApi({}, { ownServers: { temporalUi: undefined, inboxUrl: undefined, outages: () => outages } });
    const answer = await own.call('GET /ready', { key: null });
    await own.close();
    return [answer.statusCode, answer.json()];
  };

  test('Temporal is named with the time of its next start', async () => {
    const temporal = outage('temporal', new Date('2026-05-15T09:00:04Z'));
    const named = { server: 'temporal', since: '2026-05-15T09:00:00+00:00', detail: 'it ended with SIGKILL' };
    const restarting = [{ ...named, next_try: '2026-05-15T09:00:04+00:00' }];
    expect(await ready([temporal])).toEqual([200, { status: 'ok', temporal: 'reachable', restarting }]);
  });

  test.each([
    [new Date('2026-05-15T09:00:04Z'), 'It is started again at 2026-05-15T09:00:04+00:00.'],
    [null, 'It is being started.'],
  ])('without MongoDB the API is not ready, and says when it starts: %s', async (nextTry, sentence) => {
    const message = `MongoDB has been down since 2026-05-15T09:00:00+00:00: it ended with SIGKILL. ${sentence}`;
    expect(await ready([outage('mongodb', nextTry)])).toEqual([503, { error: { code: 'unavailable', message } }]);
  });
});

test('OpenAPI 3.1 describes every route under /api/v1: summary, answers and refusals', async () => {
  const answer = await api.call('GET /openapi.json', { key: null });
  const described: { openapi: string; paths: Record<string, Record<string, Operation>> } = answer.json();
  expect(described.openapi).toBe('3.1.0');
  for (const { method, url } of knownRoutes(api.app)) {
    if (!url.startsWith('/api/v1') || method === 'HEAD') continue;
    const path = url.replace(/:(\w+)/g, '{$1}');
    const operation = described.paths[path]?.[method.toLowerCase()];
    expect(operation?.summary, `${method} ${url}`).toMatch(/\w/);
    expect(Object.keys(operation?.responses ?? {}), `${method} ${url}`).toEqual(
      expect.arrayContaining([expect.stringMatching(/^2/), '4XX', '5XX']),
    );
  }
});

test('the tags begin with messages, and each tag of a route is among them', async () => {
  const document = (await api.call('GET /openapi.json', { key: null })).json();
  const named = document.tags.map(({ name }: { name: string }) => name);
  const operations = Object.values<Record<string, { tags: string[] }>>(document.paths).flatMap(Object.values);
  const used = new Set(operations.flatMap(({ tags }) => tags));
  expect(named[0]).toBe('Messages');
  expect(named.toSorted()).toEqual([...used].sort());
});

test('the document describes the delivery of every event type, with the sample that a test delivery sends', async () => {
  const { types, sampleOf, expectDescribed } = await webhookSchemas(api);
  expect(types).toEqual([...EVENT_TYPES]);
  for (const type of types) {
    const payload = { id: 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L', type, at: new Date('2026-05-17T10:00:00Z') };
    const body = deliveryBody('standard', {
      ...payload,
      ...EVENT_SAMPLES[type],
      data: EVENT_SAMPLES[type]?.data ?? {},
    });
    expect(sampleOf(type)).toEqual(body);
    expectDescribed(type, sampleOf(type));
  }
  expect(() => expectDescribed('message.sent', { ...sampleOf('message.sent'), other: 1 })).toThrow();
});

test('the document has the examples of the API documents', async () => {
  const { body } = await api.call('GET /openapi.json', { key: null });
  for (const words of [
    'alice@example.com',
    'The email field is required.',
    'not-an-email',
    '2026-01-12T10:14:23+00:00',
  ]) {
    expect(body).toContain(words);
  }
});

test('the docs page loads everything from its own server', async () => {
  const page = await api.call('GET /docs/', { key: null });
  expect(page.statusCode).toBe(200);
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
  expect(loaded.length).toBeGreaterThan(3);
  for (const address of loaded) {
    expect(address).toMatch(/^\.\//);
    const asset = await api.call(`GET /docs/${address.slice(2)}`, { key: null });
    expect([address, asset.statusCode]).toEqual([address, 200]);
  }
});

/** Turns overload protection off: a test process may lag. Another file tests it. */
const timeLimits = { ...TIME_LIMITS, loopDelay: 0 };
const serverConfig = readConfig({ PORT: '0', EVERPOST_SECRET: 'a secret for the tests', LOG_LEVEL: 'silent' });

test('the server hands out the first key once', async () => {
  const { store, log } = api.deps;
  await store.db.collection('keys').deleteMany({});
  const parts = { config: serverConfig, store, log, engine: idleEngine, timeLimits };
  const server = await serveApi(parts);
  const headers = { authorization: `Bearer ${server.firstKey}` };
  expect((await fetch(`${server.address}/api/v1/lists`, { headers })).status).toBe(200);
  await server.stop();
  const again = await serveApi(parts);
  expect(again.firstKey).toBeUndefined();
  await again.stop();
});

test.each([
  ['issued by the installation', {}],
  ['chosen by its operator', { EVERPOST_API_KEY: 'a key of the operator, unseen'.replaceAll(' ', '-') }],
])('the first key, %s, has the number 1', async (_how, environment) => {
  const { store, log } = api.deps;
  for (const name of ['keys', 'counters']) await store.db.collection(name).deleteMany({});
  const config = readConfig({
    PORT: '0',
    EVERPOST_SECRET: 'a secret for the tests',
    LOG_LEVEL: 'silent',
    ...environment,
  });
  const parts = { config, store, log, engine: idleEngine, timeLimits };
  const server = await serveApi(parts);
  const key = server.firstKey ?? config.apiKey ?? '';
  const headers = { 'public-key': '1', 'private-key': key };
  expect((await fetch(`${server.address}/lists/show`, { headers })).status).toBe(200);
  await server.stop();
  // Further starts use no numbers.
  await (await serveApi(parts)).stop();
  expect((await api.deps.keys.issue(api.account, 'Second')).key._id).toBe(2);
});

test('an open request is answered before the server stops', async () => {
  const { store, log, keys } = api.deps;
  const { secret } = await keys.issue(api.account, 'Slow');
  const server = await serveApi({ config: serverConfig, store, log, engine: idleEngine, timeLimits });
  const body = JSON.stringify({ name: 'Late' });
  const slow = request(`${server.address}/api/v1/lists`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
    },
  });
  slow.flushHeaders();
  await once(slow, 'continue');
  const answered = once(slow, 'response');
  const stopped = server.stop();
  slow.end(body);
  const [answer] = await answered;
  expect(answer.statusCode).toBe(201);
  answer.resume();
  await stopped;
  await expect(fetch(`${server.address}/health`)).rejects.toThrow();
});

test.each([
  ['not HTTP at all', 'HELO example.com\r\n\r\n', 400, 'bad_request'],
  ['a header section that is too long', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, 'uri_too_long'],
])('%s is refused in the standard envelope', async (_what, bytes, status, code) => {
  const { store, log } = api.deps;
  const server = await serveApi({ config: serverConfig, store, log, engine: idleEngine, timeLimits });
  const socket = connect(Number(new URL(server.address).port), '127.0.0.1');
  socket.write(bytes);
  const answer = await text(socket);
  await server.stop();
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual({ error: { code, message: expect.any(String) } });
});
