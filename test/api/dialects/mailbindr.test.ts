import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anApi, aStranger, type TestApi } from '../../support/api/api.js';
import { rows } from '../../support/api/messages.js';
import { aTemplate } from '../../support/api/templates.js';
import { caller } from '../../support/dialects/callers.js';
import { until } from '../../support/until.js';

let api: TestApi;
let ask: ReturnType<typeof caller>;
const contents = { en: { subject: 'Hello', html: '<p>{{ some_variable }}</p>' } };
const EMAIL = {
  identifier: 'email_key',
  receiver: 'email@email.com',
  language: 'en',
  context: { some_variable: 'some_value' },
};

beforeAll(async () => {
  api = await anApi();
  ask = caller(api, 'x-api-token');
  await aTemplate(api, { identifier: 'email_key', contents }, true);
  await aTemplate(api, { identifier: 'unpublished', contents });
  const payload = { name: 'Grace', email: 'grace@acme.example', role: 'editor' };
  await api.call('POST /api/v1/account/members', { payload });
});
afterAll(() => api.close());

const send = (fields: object = {}, options = {}) => ask('POST /email/send-email/', { ...EMAIL, ...fields }, options);

test('an email is a message from a template; the response has the id of the message', async () => {
  const answer = await send();
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ id: expect.any(String), status: 'accepted' });
  const shown = (await api.call(`GET /api/v1/messages/${answer.json().id}`)).json().data;
  expect(shown).toMatchObject({ to: { email: 'email@email.com' }, template: { environment: 'live', language: 'en' } });
  expect(shown.html).toContain('some_value');
});

test.each([
  [{ language: null, environment: null, context: null }],
  [{ context: [] }],
  [{ language: undefined, environment: undefined, context: undefined }],
])('a value that is empty counts as not given: %j', async (fields) => {
  const answer = await send(fields);
  expect([answer.statusCode, answer.json().warning]).toEqual([200, expect.stringContaining('some_variable')]);
});

test('the path is the same without its last slash', async () => {
  expect((await ask('POST /email/send-email', EMAIL)).statusCode).toBe(200);
});

test('a repetition under an Idempotency-Key is the same email', async () => {
  const headers = { 'idempotency-key': 'once' };
  const first = (await send({}, { headers })).json();
  expect((await send({}, { headers })).json()).toEqual(first);
  expect(await rows(api, { _id: first.id })).toHaveLength(1);
});

describe('every refusal the document names', () => {
  test.each([
    ['draft, to an address that is not a member', { environment: 'draft' }, 403, 'receiver_not_a_member'],
    ['an unknown identifier', { identifier: 'missing' }, 404, 'template_not_found'],
    ['live, and never published', { identifier: 'unpublished', environment: 'live' }, 422, 'template_not_published'],
    ['no receiver', { receiver: undefined }, 422, 'validation_failed'],
    ['an unknown field', { nonsense: 1 }, 422, 'validation_failed'],
  ])('%s', async (_case, fields, status, code) => {
    const answer = await send(fields);
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code]);
  });

  test('a draft goes to members, testing to any recipient', async () => {
    const draft = await send({ identifier: 'unpublished', environment: 'draft', receiver: 'grace@acme.example' });
    const trial = await send({ identifier: 'unpublished', environment: 'testing' });
    expect([draft.statusCode, trial.statusCode]).toEqual([200, 200]);
  });

  test('for a wrong method and an unknown path', async () => {
    const wrong = await ask('GET /email/send-email/');
    expect([wrong.statusCode, wrong.json().error.code, wrong.headers['allow']]).toEqual([
      405,
      'method_not_allowed',
      'POST',
    ]);
    expect((await ask('POST /email/nothing', EMAIL)).json().error.code).toBe('not_found');
  });
});

describe('the key', () => {
  test('no key, and a key in another header', async () => {
    expect((await send({}, { key: null })).json().error.code).toBe('unauthenticated');
    const bearer = await api.call('POST /email/send-email/', { payload: EMAIL });
    expect(bearer.statusCode).toBe(401);
  });

  test('after a reset the new key works and the old one does not', async () => {
    const made = (await api.call('POST /api/v1/keys', { payload: { name: 'Old' } })).json().data;
    expect((await send({}, { key: made.key })).statusCode).toBe(200);
    const fresh = (await api.call(`POST /api/v1/keys/${made.id}/reset`)).json().data;
    const old = await send({}, { key: made.key });
    expect([old.statusCode, old.json().error.code]).toEqual([401, 'key_revoked']);
    expect((await send({}, { key: fresh.key })).statusCode).toBe(200);
  });

  test('a read-only key and a key for other domains cannot send', async () => {
    const terms = async (fields: object) =>
      (await api.call('POST /api/v1/keys', { payload: { name: 'Narrow', ...fields } })).json().data.key;
    const reading = await send({}, { key: await terms({ scopes: ['read'] }) });
    expect([reading.statusCode, reading.json().error.code]).toEqual([403, 'missing_scope']);
    const elsewhere = await send({}, { key: await terms({ scopes: ['send'], domains: ['acme.example'] }) });
    expect([elsewhere.statusCode, elsewhere.json().error.code]).toEqual([403, 'key_restricted']);
  });

  test('templates of another account are not found', async () => {
    const { key } = await aStranger(api);
    expect((await send({}, { key })).statusCode).toBe(404);
  });
});

test('5,000 requests a minute are answered, the next one gets 429', async () => {
  const limited = await anApi({ RATE_LIMIT_PER_MINUTE: '60' });
  try {
    const first = await caller(limited, 'x-api-token')('POST /email/send-email/', EMAIL);
    expect(first.headers['ratelimit-policy']).toBe('"messages";q=5000;w=60');
    const counted = limited.store.db.collection('request_limits');
    await counted.updateOne({ key: 'messages:1' }, { $set: { points: 5_000 } });
    const again = () => caller(limited, 'x-api-token')('POST /email/send-email/', EMAIL);
    // Far from the limit a request does not wait for its count.
    await until(async () => (await again()).statusCode === 429);
    const next = await again();
    expect([next.statusCode, next.json().error.code]).toEqual([429, 'rate_limited']);
    expect(Number(next.headers['retry-after'])).toBeGreaterThan(0);
  } finally {
    await limited.close();
  }
});

test('a dialect that the configuration disables has no routes', async () => {
  const without = await anApi({ DIALECTS: 'none' });
  try {
    const answer = await caller(without, 'x-api-token')('POST /email/send-email/', EMAIL);
    expect(answer.statusCode).toBe(404);
    expect(Object.keys(without.app.swagger().paths ?? {}).filter((path) => path.startsWith('/email'))).toEqual([]);
  } finally {
    await without.close();
  }
});
