import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idleEngine } from '../../../api/engine/engine.js';
import { TIME_LIMITS, type TimeLimits } from '../../../api/hooks/limits/time-limits.js';
import { openLog, redacted } from '../../../api/log.js';
import { serveApi } from '../../../api/server.js';
import { readConfig } from '../../../config.js';
import { anApi, type TestApi } from '../../support/api/api.js';

const ORIGIN = 'https://app.example.org';
let api: TestApi;
let lines: string[];
beforeAll(async () => {
  lines = [];
  const log = openLog({ logLevel: 'trace' }, { write: (line: string) => void lines.push(line) });
  const edge = { CORS_ORIGINS: ORIGIN, TRUSTED_PROXIES: '10.0.0.0/8', PUBLIC_URL: 'https://mail.example.org' };
  api = await anApi(edge, { log });
});
afterAll(() => api.close());

const serverConfig = readConfig({ PORT: '0', EVERPOST_SECRET: 'a secret for the tests', LOG_LEVEL: 'silent' });
const aServer = (limits: Partial<TimeLimits> = {}, patience?: number) => {
  const { store, log } = api.deps;
  const timeLimits = { ...TIME_LIMITS, loopDelay: 0, ...limits };
  const parts = { config: serverConfig, store, log, engine: idleEngine, timeLimits };
  return serveApi({ ...parts, ...(patience !== undefined && { stopTimeout: patience }) });
};
const aSocket = (address: string): Socket => connect(Number(new URL(address).port), '127.0.0.1');

describe('a slow client', () => {
  test.each([
    ['headers', { headers: 1_000 }, (): string => 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['a body', { request: 1_000, headers: 1_000 }, begunBody],
  ])(
    'with %s gets 408 and is disconnected, while others are served',
    async (_what, limits: Partial<TimeLimits>, bytes: () => string) => {
      const server = await aServer(limits);
      const socket = aSocket(server.address);
      socket.write(bytes());
      expect((await fetch(`${server.address}/health`)).status).toBe(200);
      const answer = await text(socket);
      expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').error.code).toBe('request_timeout');
      await server.stop();
    },
  );

  test('does not prevent the server from stopping', async () => {
    const server = await aServer({}, 100);
    const socket = aSocket(server.address);
    socket.write(begunBody());
    await fetch(`${server.address}/health`);
    const hungUp = once(socket.resume(), 'close');
    await server.stop();
    await hungUp;
    await expect(fetch(`${server.address}/health`)).rejects.toThrow();
  });
});

function begunBody(): string {
  const head = ['POST /api/v1/lists HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Content-Length: 100'];
  return `${[...head, `Authorization: Bearer ${api.key}`].join('\r\n')}\r\n\r\n{"name": "`;
}

test('an overloaded process refuses requests with the time to wait, but answers probes', async () => {
  const busy = await anApi({}, { timeLimits: { ...TIME_LIMITS, loopDelay: 1 } });
  const lagging = async () => (await busy.call('GET /api/v1/lists')).statusCode === 503;
  while (!(await lagging())) await new Promise((resolve) => setImmediate(() => resolve(spin(30))));
  spin(50);
  const refused = await busy.call('GET /api/v1/lists');
  expect([refused.statusCode, refused.json().error.code]).toEqual([503, 'overloaded']);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect((await busy.call('GET /health', { key: null })).statusCode).toBe(200);
  await busy.close();
});

function spin(ms: number): void {
  const until = process.hrtime.bigint() + BigInt(ms * 1e6);
  while (process.hrtime.bigint() < until);
}

describe('in a browser', () => {
  test('the policy of a response denies every capability', async () => {
    const { headers } = await api.call('GET /api/v1/lists');
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
    });
    expect(headers['x-powered-by']).toBeUndefined();
  });

  test('pages keep their own policy, and pixels may be embedded by other origins', async () => {
    const page = await api.call('GET /u/forged', { key: null });
    expect(page.headers['content-security-policy']).toMatch(/style-src 'sha256-.*form-action 'self'/);
    expect((await api.call('GET /docs/', { key: null })).headers['content-security-policy']).toContain(
      "script-src 'self'",
    );
    const pixel = await api.call('GET /o/forged.gif', { key: null });
    expect(pixel.headers['cross-origin-resource-policy']).toBe('cross-origin');
  });

  test('pages of named origins may call the API, others may not', async () => {
    const preflight = (origin: string) =>
      api.call('OPTIONS /api/v1/lists', { key: null, headers: { origin, 'access-control-request-method': 'POST' } });
    const allowed = await preflight(ORIGIN);
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers).toMatchObject({ 'access-control-allow-origin': ORIGIN, vary: 'Origin' });
    expect(allowed.headers['access-control-allow-headers']).toContain('authorization');
    const other = await preflight('https://evil.example.org');
    expect([other.statusCode, other.headers['access-control-allow-origin']]).toEqual([405, undefined]);
    const read = await api.call('GET /api/v1/lists', { headers: { origin: ORIGIN } });
    expect(read.headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(read.headers['access-control-allow-credentials']).toBeUndefined();
  });
});

test('CORS is off without configured origins', async () => {
  const withoutCors = await anApi();
  const answer = await withoutCors.call('GET /api/v1/lists', { headers: { origin: ORIGIN } });
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  await withoutCors.close();
});

test('X-Forwarded-For is accepted from trusted proxies only', async () => {
  const seen: string[] = [];
  const other = await anApi({ TRUSTED_PROXIES: '10.0.0.0/8' });
  other.app.addHook('onRequest', async ({ ip }) => void seen.push(ip));
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  await other.app.inject({ url: '/nothing', headers, remoteAddress: '10.1.2.3' });
  await other.app.inject({ url: '/nothing', headers, remoteAddress: '198.51.100.1' });
  expect(seen).toEqual(['203.0.113.9', '198.51.100.1']);
  await other.close();
});

test.each([
  ['a few fields', 'POST /api/v1/lists', 257, 413],
  ['a letter', 'POST /api/v1/campaigns', 257, 422],
  ['an oversized campaign', 'POST /api/v1/campaigns', 5_200, 413],
])('%s: the body of %s with %i KiB gets %i', async (_what, route, kib, status) => {
  const answer = await api.call(route, { payload: { name: 'x'.repeat(kib * 1024) } });
  expect(answer.statusCode).toBe(status);
});

test('no key, address or password is ever logged, whatever the level', async () => {
  const { app, key } = api;
  await app.inject({ url: `/api/v1/lists?api_key=${key}` });
  await app.inject({ url: `/api/v1/nothing?api_key=${key}`, headers: { authorization: `Bearer ${key}` } });
  await api.call('DELETE /api/v1/subscribers/private@example.com');
  await api.call('POST /api/v1/transports', { payload: { name: 'x', url: 'smtp://me:pa55word@relay.example.com' } });
  const logged = lines.join('');
  expect(lines.length).toBeGreaterThan(3);
  for (const secret of [key, 'private@example.com', 'pa55word', 'api_key']) expect(logged).not.toContain(secret);
});

test.each([
  ['GET /lists?api_key=abcdefghijklmnopqrst&page=1 failed', 'GET /lists?api_key=[secret]&page=1 failed'],
  ['bad key evp_abcDEF123', 'bad key [secret]'],
  ['mongodb://user:pw@db.example.org/x', 'mongodb://[secret]@db.example.org/x'],
  ['Authorization: Bearer abc.def', 'Authorization: [secret]'],
  ['no such person ann@example.com here', 'no such person [address] here'],
])('the error %j is logged as %j', (message, logged) => {
  expect(redacted(message)).toBe(logged);
  api.deps.log.warn({ err: new Error(message) }, 'with its stack');
  api.deps.log.warn({ error: String(new Error(message)) }, 'as text');
  const [withStack = '', asText = ''] = lines.slice(-2);
  expect(JSON.parse(withStack).err.message).toBe(logged);
  expect(JSON.parse(asText).error).toBe(`Error: ${logged}`);
});

test('a multipart body without a boundary is refused', async () => {
  const { id } = (await api.call('POST /api/v1/lists', { payload: { name: 'News' } })).json().data;
  const headers = { 'content-type': 'multipart/form-data' };
  const refused = await api.call(`POST /api/v1/lists/${id}/imports`, { payload: 'email', headers });
  expect([refused.statusCode, refused.json().error.code]).toEqual([415, 'unsupported_media_type']);
});
