import { Collection, MongoNetworkError } from 'mongodb';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { now, useClock } from '../../../clock.js';
import { aList, anApi, aStranger, type TestApi } from '../../support/api/api.js';
import { aListWithSubscriber } from '../../support/api/campaigns.js';

let api: TestApi;
let restoreClock = () => {};

beforeAll(async () => {
  api = await anApi();
});
afterEach(() => restoreClock());
afterAll(() => api.close());

const post = (key: string, name: string, more: Record<string, unknown> = {}) =>
  api.call('POST /api/v1/lists', { payload: { name, ...more }, headers: { 'idempotency-key': key } });

const named = async (name: string) => {
  const { data } = (await api.call('GET /api/v1/lists')).json<{ data: { name: string }[] }>();
  return data.filter((list) => list.name === name).length;
};

test('fifty concurrent posts with one key create one list', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => post('fifty', 'Fifty')));
  const made = answers.filter(({ statusCode }) => statusCode === 201);
  const waiting = answers.filter(({ statusCode }) => statusCode === 409);
  expect(made.length + waiting.length).toBe(50);
  expect(new Set(made.map(({ body }) => body)).size).toBe(1);
  expect(made.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
  for (const { headers } of waiting) expect(headers['retry-after']).toBe('1');
  expect(await named('Fifty')).toBe(1);
});

test('the same key and body replay the stored response, in any order of fields', async () => {
  const first = await api.call('POST /api/v1/lists', {
    payload: { name: 'Replay', description: 'x' },
    headers: { 'idempotency-key': 'replay' },
  });
  const second = await api.call('POST /api/v1/lists/', {
    payload: { description: 'x', name: 'Replay' },
    headers: { 'idempotency-key': '"replay"' },
  });
  expect(second.statusCode).toBe(201);
  expect(second.body).toBe(first.body);
  expect(second.headers['idempotent-replayed']).toBe('true');
  expect(second.headers['content-type']).toBe(first.headers['content-type']);
});

test('the same key with another body is refused', async () => {
  await post('reused', 'Reused');
  const answer = await post('reused', 'Something else');
  expect(answer.statusCode).toBe(422);
  expect(answer.json().error.code).toBe('idempotency_key_reused');
  expect(await named('Something else')).toBe(0);
});

test('the same key on two routes or in two accounts does not conflict', async () => {
  await post('shared', 'Shared');
  const stranger = await aStranger(api);
  const headers = { 'idempotency-key': 'shared' };
  const theirs = await api.call('POST /api/v1/lists', { key: stranger.key, payload: { name: 'Other' }, headers });
  expect(theirs.statusCode).toBe(201);
  const list_id = await aList(api);
  const payload = { email: 'a@example.com', list_id };
  expect((await api.call('POST /api/v1/subscribers', { payload, headers })).statusCode).toBe(201);
});

test('a refused request frees its key', async () => {
  const refused = await post('fixed', '');
  expect(refused.statusCode).toBe(422);
  const withMissingList = { email: 'a@example.com', list_id: 999_999 };
  const headers = { 'idempotency-key': 'later' };
  expect((await api.call('POST /api/v1/subscribers', { payload: withMissingList, headers })).statusCode).toBe(422);
  const payload = { ...withMissingList, list_id: await aList(api) };
  expect((await post('fixed', 'Fixed')).statusCode).toBe(201);
  expect([200, 201]).toContain((await api.call('POST /api/v1/subscribers', { payload, headers })).statusCode);
});

test('after a failure the same request may be repeated', async () => {
  const { create } = api.deps.lists;
  api.deps.lists.create = () => Promise.reject(new Error('the disk is full'));
  expect((await post('failed', 'Failed')).statusCode).toBe(500);
  api.deps.lists.create = create;
  expect((await post('failed', 'Failed')).statusCode).toBe(201);
});

test('a campaign whose launch failed is not created and sent a second time', async () => {
  const list_id = await aListWithSubscriber(api);
  const { launch } = api.deps.campaigns;
  api.deps.campaigns.launch = async (seen) => {
    await launch(seen);
    throw new MongoNetworkError('the answer was lost');
  };
  const send = (subject = 'Once') =>
    api.call('POST /api/v1/campaigns', {
      payload: { list_id, subject, html: '<p>Hello</p>', send: true },
      headers: { 'idempotency-key': 'launched' },
    });
  expect((await send()).statusCode).toBe(503);
  api.deps.campaigns.launch = launch;
  expect((await send('Another')).json().error.code).toBe('idempotency_key_reused');
  const again = await send();
  expect(again.statusCode).toBe(201);
  expect(again.json().data.state).toBe('freezing');
  expect((await api.call('GET /api/v1/campaigns')).json().meta.total).toBe(1);
});

test('a secret is shown once', async () => {
  const issue = () =>
    api.call('POST /api/v1/keys', { payload: { name: 'Form' }, headers: { 'idempotency-key': 'secret' } });
  expect((await issue()).json().data.key).toMatch(/^evp_[0-9A-Za-z]{40}$/);
  const again = await issue();
  expect(again.statusCode).toBe(409);
  expect(again.json().error.code).toBe('secret_already_shown');
  const stored = await api.store.db.collection('stored_responses').find().toArray();
  expect(JSON.stringify(stored)).not.toContain('evp_');
});

test('a crash before the response blocks the key for a minute, and the list is not created twice', async () => {
  const { save } = api.deps.storedResponses;
  api.deps.storedResponses.save = () => Promise.reject(new Error('killed'));
  const first = await post('crashed', 'Crashed');
  api.deps.storedResponses.save = save;
  expect((await post('crashed', 'Crashed')).json().error.code).toBe('in_flight');
  const later = new Date(now().getTime() + 61_000);
  restoreClock = useClock({ now: () => later });
  const answers = await Promise.all([post('crashed', 'Crashed'), post('crashed', 'Crashed')]);
  expect(answers.map(({ statusCode }) => statusCode).filter((status) => status === 201).length).toBeGreaterThan(0);
  const done = answers.find(({ statusCode }) => statusCode === 201);
  expect(done?.json().data.id).toBe(first.json().data.id);
  expect(await named('Crashed')).toBe(1);
});

test('after a day a key can be used again', async () => {
  await post('daily', 'Daily');
  const later = new Date(now().getTime() + 25 * 3_600_000);
  restoreClock = useClock({ now: () => later });
  expect((await post('daily', 'Daily')).statusCode).toBe(201);
  expect(await named('Daily')).toBe(2);
});

test.each([['two words'], ['x'.repeat(256)], ['""']])('the key %j is refused', async (key) => {
  const answer = await post(key, 'Never');
  expect(answer.statusCode).toBe(400);
  expect(answer.json().error.code).toBe('invalid_idempotency_key');
});

describe('after a 503 the same request is served at once', () => {
  const away = () => Promise.reject(new MongoNetworkError('the store is away'));

  test('if the key could not be freed when the response was sent', async () => {
    const { create } = api.deps.lists;
    api.deps.lists.create = away;
    const refused = vi
      .spyOn(Collection.prototype, 'bulkWrite')
      .mockImplementationOnce(away)
      .mockImplementationOnce(away);
    expect((await post('freed', 'Freed')).statusCode).toBe(503);
    api.deps.lists.create = create;
    expect((await post('freed', 'Freed')).statusCode).toBe(201);
    expect(refused.mock.calls.length).toBeGreaterThan(2);
    refused.mockRestore();
  });

  test('if it was unknown whether the key had been stored', async () => {
    const { admit } = api.deps.storedResponses;
    api.deps.storedResponses.admit = async (...given) => {
      await admit(...given);
      return away();
    };
    expect((await post('stored', 'Stored')).statusCode).toBe(503);
    api.deps.storedResponses.admit = admit;
    expect((await post('stored', 'Stored')).statusCode).toBe(201);
    expect(await named('Stored')).toBe(1);
  });

  describe('if MongoDB did not respond', () => {
    let frozen: TestApi;
    let isFrozen = false;
    let list: number;
    const calls: (() => void)[] = [];

    beforeAll(async () => {
      frozen = await anApi({}, { timeLimits: { request: 0, headers: 0, loopDelay: 0, answer: 1, storePing: 1_000 } });
      list = await aList(frozen);
      const { db } = frozen.store;
      const command = db.command.bind(db);
      db.command = (...given: Parameters<typeof command>) => (isFrozen ? away() : command(...given));
    });
    afterAll(() => frozen.close());

    /** Calls wait until `calls` are let go; the call itself is made at once. */
    function suspended<A extends unknown[], R>(call: (...given: A) => Promise<R>) {
      return async (...given: A): Promise<R> => {
        const result = await call(...given);
        await new Promise<void>((go) => calls.push(go));
        return result;
      };
    }

    const aNewList = (headers: object) =>
      frozen.call('POST /api/v1/lists', { payload: { name: 'Frozen' }, headers: { ...headers } });
    const anImport = (headers: object) =>
      frozen.call(`POST /api/v1/lists/${list}/imports`, {
        payload: 'email\nana@example.com\n',
        headers: { ...headers, 'content-type': 'text/csv' },
      });

    test.each([
      ['the key', aNewList, () => frozen.deps.storedResponses, 'admit', 'lists'],
      ['the work', aNewList, () => frozen.deps.lists, 'create', 'lists'],
      ['an upload', anImport, () => frozen.deps.imports, 'accept', 'imports'],
    ] as const)('while %s was written', async (what, request, owner, name, collection) => {
      const headers = { 'idempotency-key': what.replace(/ /g, '-') };
      const rows = frozen.store.db.collection(collection);
      const before = await rows.countDocuments();
      const stub = owner() as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
      const original = stub[name] as (...given: unknown[]) => Promise<unknown>;
      stub[name] = suspended(original);
      isFrozen = true;
      expect((await request(headers)).statusCode).toBe(503);
      isFrozen = false;
      stub[name] = original;
      const again = request(headers);
      for (const go of calls.splice(0)) go();
      expect([201, 202]).toContain((await again).statusCode);
      expect(await rows.countDocuments()).toBe(before + 1);
    });
  });
});
