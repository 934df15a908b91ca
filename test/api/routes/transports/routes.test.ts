import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transports } from '../../../../store/transports/transports.js';
import { anApi, aStranger, type TestApi } from '../../../support/api/api.js';
import { type SmtpServer, smtpServer } from '../../../support/scripted/smtp-server.js';

let api: TestApi;
let relay: SmtpServer;

beforeAll(async () => {
  api = await anApi();
  relay = await smtpServer({
    extensions: ['AUTH PLAIN', 'PIPELINING'],
    on: (step, argument) => (step === 'auth' && !argument.includes(login('p/w')) ? '535 5.7.8 no' : undefined),
  });
});
afterAll(async () => {
  await relay?.close();
  await api?.close();
});

const login = (password: string) => Buffer.from(`\0user\0${password}`).toString('base64');
const url = (password = 'p%2Fw', host = `127.0.0.1:${relay.port}`) => `smtp://user:${password}@${host}`;

async function created(fields: Record<string, unknown> = {}) {
  const answer = await api.call('POST /api/v1/transports', { payload: { name: 'Relay', url: url(), ...fields } });
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json().data as { id: number; url: string };
}

const passwordOf = async (id: number) => {
  const row = await api.deps.transports.find(api.account, id);
  if (typeof row === 'string') throw new Error(row);
  return decodeURIComponent(new URL(api.deps.transports.urlOf(row)).password);
};

test('the password is never shown and is sealed in the store', async () => {
  const { id, url: shown } = await created();
  expect(shown).toBe(`smtp://user:***@127.0.0.1:${relay.port}`);
  const answers = [await api.call('GET /api/v1/transports'), await api.call(`GET /api/v1/transports/${id}`)];
  const kept = JSON.stringify(await api.store.db.collection('transports').find().toArray());
  for (const text of [kept, ...answers.map(({ body }) => body)]) {
    expect(text).not.toContain('p/w');
    expect(text).not.toContain('p%2Fw');
  }
  expect(await passwordOf(id)).toBe('p/w');
  const withOtherSecret = transports(api.store, 'another installation secret');
  const [row] = await withOtherSecret.ofAccount(api.account);
  expect(() => row && withOtherSecret.urlOf(row)).toThrow();
});

test('transports are listed in the order in which mail tries them, with their defaults', async () => {
  const fresh = await aStranger(api);
  for (const [name, priority] of Object.entries({ third: 30, first: 10, second: 20 })) {
    const call = { key: fresh.key, payload: { name, url: url(), priority } };
    expect((await api.call('POST /api/v1/transports', call)).statusCode).toBe(201);
  }
  const { data } = (await api.call('GET /api/v1/transports', { key: fresh.key })).json();
  expect(data.map(({ name }: { name: string }) => name)).toEqual(['first', 'second', 'third']);
  expect(data[0]).toMatchObject({ rate_per_second: null, connections: 8, enabled: true, purpose: 'all' });
});

describe('a change', () => {
  test('applies to the given fields; the URL as shown keeps the password', async () => {
    const { id, url: shown } = await created({ rate_per_second: 5 });
    const patch = { url: `${shown}?tls=off`, enabled: false };
    const answer = await api.call(`PATCH /api/v1/transports/${id}`, { payload: patch });
    expect(answer.json().data).toMatchObject({ url: `${shown}?tls=off`, enabled: false, rate_per_second: 5 });
    expect(await passwordOf(id)).toBe('p/w');
  });

  test('never sends the stored password to another host or user', async () => {
    const { id } = await created();
    for (const stolen of ['smtp://user:***@evil.example.com', `smtp://other:***@127.0.0.1:${relay.port}`]) {
      const answer = await api.call(`PATCH /api/v1/transports/${id}`, { payload: { url: stolen } });
      expect([answer.statusCode, answer.json().error.errors]).toEqual([
        422,
        { url: ['The url must name the password.'] },
      ]);
    }
    expect(await passwordOf(id)).toBe('p/w');
  });

  test('of a limit keeps the connections; one of the URL or the number of connections requires new ones', async () => {
    const { id } = await created();
    const versions: number[] = [];
    for (const payload of [{ rate_per_second: 9 }, { priority: 1 }, { connections: 2 }, { url: url('new') }]) {
      await api.call(`PATCH /api/v1/transports/${id}`, { payload });
      const row = await api.deps.transports.find(api.account, id);
      versions.push(typeof row === 'string' ? 0 : row.version);
    }
    expect(versions).toEqual([1, 1, 2, 3]);
  });
});

test.each([
  ['http://relay.example.com', 'must start with smtp:// or smtps://'],
  ['smtp://', 'must'],
  ['smtp://relay.example.com?tls=maybe', 'tls must be require, off or insecure'],
  ['smtp://user:%zz@relay.example.com', 'must look like'],
  ['smtp://user:***@relay.example.com', 'must name the password'],
  ['smtp://relay.example.com\r\nRSET', 'url'],
])('the URL %j is refused', async (refused, words) => {
  const answer = await api.call('POST /api/v1/transports', { payload: { name: 'x', url: refused } });
  expect(answer.statusCode).toBe(422);
  expect(answer.json().error.errors.url.join()).toContain(words);
});

describe('a test', () => {
  test('connects and logs in, and sends no mail', async () => {
    const { id } = await created();
    const answer = await api.call(`POST /api/v1/transports/${id}/test`, { payload: {} });
    expect(answer.json().data).toMatchObject({ ok: true, stage: 'ready', tls: null, authenticated: true });
    expect(answer.json().data.says).toContain('235');
    await relay.untilStep('quit', 1);
    expect(relay.steps.mail).toBe(0);
  });

  test('reports the step that failed', async () => {
    const closed = await smtpServer();
    await closed.close();
    const failing = {
      auth: (await created({ url: url('wrong') })).id,
      connect: (await created({ url: closed.url })).id,
      tls: (await created({ url: `${url()}?tls=require` })).id,
    };
    for (const [stage, id] of Object.entries(failing)) {
      const answer = await api.call(`POST /api/v1/transports/${id}/test`, { payload: {} });
      expect([answer.statusCode, answer.json().data]).toMatchObject([200, { ok: false, stage }]);
      expect(answer.body).not.toContain('wrong');
    }
  });

  test('of a password sealed with another secret is refused by name', async () => {
    const { id } = await created();
    const resealed = { _id: 900, account: api.account, name: 'Foreign', url: 'bm9uY2U.Ym9keQ.dGFn' };
    const rows = api.store.db.collection<{ _id: number }>('transports');
    await rows.insertOne({ ...(await rows.findOne({ _id: id })), ...resealed });
    const answer = await api.call('POST /api/v1/transports/900/test', { payload: {} });
    expect([answer.statusCode, answer.json().error.code]).toEqual([409, 'sealed_elsewhere']);
  });
});

test('a repeat with the same Idempotency-Key creates one transport; a removed one is 404', async () => {
  const call = { payload: { name: 'Once', url: url() }, headers: { 'idempotency-key': 'once' } };
  const [one, other] = [
    await api.call('POST /api/v1/transports', call),
    await api.call('POST /api/v1/transports', call),
  ];
  expect(other.json()).toEqual(one.json());
  const { id } = one.json().data;
  expect((await api.call(`DELETE /api/v1/transports/${id}`)).statusCode).toBe(204);
  expect((await api.call(`GET /api/v1/transports/${id}`)).statusCode).toBe(404);
  expect((await api.call(`DELETE /api/v1/transports/${id}`)).statusCode).toBe(404);
});
