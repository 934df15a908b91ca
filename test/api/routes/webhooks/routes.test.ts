import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idleEngine } from '../../../../api/engine/engine.js';
import { useClock } from '../../../../clock.js';
import { publicIdOf } from '../../../../store/events/events.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { type Hook, type HookReceiver, hookReceiver } from '../../../support/scripted/hook-receiver.js';

let api: TestApi;
let receiver: HookReceiver;
const notified: number[] = [];

beforeAll(async () => {
  const engine = { ...idleEngine, notifyEndpoint: ({ _id }: { _id: number }) => void notified.push(_id) };
  api = await anApi({ ALLOWED_PRIVATE_HOSTS: '127.0.0.0/8' }, { engine });
  receiver = await hookReceiver(({ path }, _nth, answer) => {
    if (path === '/bytes') return void answer.writeHead(200).end(Buffer.from([0, 255, 254, 0x7b, 0xc3]));
    if (path === '/broken') return void answer.writeHead(500).end('x'.repeat(5_000));
    return 204;
  });
});
beforeEach(() => {
  notified.length = 0;
});
afterAll(async () => {
  await receiver?.close();
  await api?.close();
});

interface Shown {
  readonly id: number;
  readonly secret: string;
  readonly position: number;
}

async function created(fields: Record<string, unknown> = {}): Promise<Shown> {
  const answer = await api.call('POST /api/v1/webhooks', { payload: { url: receiver.url, ...fields } });
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json().data;
}

const happened = (_id: string, type = 'campaign.sent') => ({ _id, account: api.account, type });

test('the secret is shown once and stored sealed; earlier events are not delivered', async () => {
  await api.deps.events.append([happened('before')]);
  const { id, secret, position } = await created();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(position).toBe(1);
  const kept = JSON.stringify(await api.store.db.collection('endpoints').find().toArray());
  const answers = [await api.call('GET /api/v1/webhooks'), await api.call(`GET /api/v1/webhooks/${id}`)];
  for (const text of [kept, ...answers.map(({ body }) => body)]) expect(text).not.toContain(secret.slice(6));
  expect(answers[1]?.json().data).toMatchObject({ format: 'standard', events: ['*'], enabled: true, ordered: false });
});

test('a repetition with the same Idempotency-Key creates no second endpoint and shows no secret', async () => {
  const call = { payload: { url: receiver.url }, headers: { 'idempotency-key': 'once' } };
  expect((await api.call('POST /api/v1/webhooks', call)).statusCode).toBe(201);
  const again = await api.call('POST /api/v1/webhooks', call);
  expect([again.statusCode, again.json().error.code]).toEqual([409, 'secret_already_shown']);
});

test.each([
  [{ url: 'https://169.254.169.254/' }, 'url', 'private or reserved'],
  [{ url: 'https://user:pw@hooks.example.com/' }, 'url', 'user or a password'],
  [{ url: 'nonsense' }, 'url', 'https://'],
  [{ events: ['campaign.sold'] }, 'events', 'campaign.sold'],
  [{ format: 'envie', events: ['campaign.sent'] }, 'events', 'envie'],
  [{ format: 'xml' }, 'format', 'must be one of'],
  [{ retries: 3 }, 'retries', ''],
])('%j is refused', async (fields, field, words) => {
  const answer = await api.call('POST /api/v1/webhooks', { payload: { url: receiver.url, ...fields } });
  expect(answer.statusCode).toBe(422);
  expect(String(answer.json().error.errors[field])).toContain(words);
});

test('a maily endpoint gets the six documented events unless it names others', async () => {
  const { id } = await created({ format: 'maily' });
  const { data } = (await api.call(`GET /api/v1/webhooks/${id}`)).json();
  expect(data.events).toEqual([
    'campaign.sent',
    'campaign.failed',
    'subscriber.created',
    'subscriber.unsubscribed',
    'subscriber.bounced',
    'subscriber.complained',
  ]);
});

test('a patch changes only the given fields; an endpoint that is enabled again continues where it stopped', async () => {
  const { id, position } = await created({ events: ['campaign.*'] });
  await api.call(`PATCH /api/v1/webhooks/${id}`, { payload: { enabled: false } });
  const off = (await api.call(`GET /api/v1/webhooks/${id}`)).json().data;
  expect(off).toMatchObject({ enabled: false, reason: 'by_request', events: ['campaign.*'] });
  expect(notified).toEqual([]);
  await api.deps.events.append([happened('while off')]);
  const on = await api.call(`PATCH /api/v1/webhooks/${id}`, { payload: { enabled: true, ordered: true } });
  expect(on.json().data).toMatchObject({ enabled: true, reason: null, ordered: true, position });
  expect(notified).toEqual([id]);
  const refused = await api.call(`PATCH /api/v1/webhooks/${id}`, { payload: { events: ['nothing.at_all'] } });
  expect(refused.statusCode).toBe(422);
  expect((await api.call(`DELETE /api/v1/webhooks/${id}`)).statusCode).toBe(204);
  expect((await api.call(`GET /api/v1/webhooks/${id}`)).statusCode).toBe(404);
});

test('a resting endpoint shows until when; another URL resets the wait', async () => {
  const { id } = await created();
  const row = await api.deps.endpoints.find(api.account, id);
  if (typeof row === 'string') throw new Error(row);
  const restUntil = new Date('2126-05-15T09:00:00Z');
  await api.deps.endpoints.recordPass(row, 0, { failures: 40, anyDelivered: false, restUntil });
  const shown = async () => (await api.call(`GET /api/v1/webhooks/${id}`)).json().data;
  expect(await shown()).toMatchObject({ consecutive_failures: 40, resting_until: '2126-05-15T09:00:00+00:00' });
  await api.call(`PATCH /api/v1/webhooks/${id}`, { payload: { url: `${receiver.url}/new` } });
  expect(await shown()).toMatchObject({ consecutive_failures: 0, failing_since: null, resting_until: null });
});

describe('a test', () => {
  test('posts a signed sample, shows the response and is in the log', async () => {
    const { id, secret } = await created();
    const answer = await api.call(`POST /api/v1/webhooks/${id}/test`, { payload: { type: 'subscriber.created' } });
    expect(answer.json().data).toMatchObject({ delivered: true, try: { status: 204, error: null, answer: '' } });
    const hook = receiver.hooks.at(-1);
    const body = new Webhook(secret).verify(hook?.body ?? '', hook?.headers as Record<string, string>);
    expect(body).toMatchObject({ type: 'subscriber.created', data: { subscriber: { email: 'alice@example.com' } } });
    expect(hook?.headers['webhook-id']).toBe(answer.json().data.id);
    const log = (await api.call(`GET /api/v1/webhooks/${id}/deliveries`)).json().data;
    expect(log).toMatchObject([{ id: answer.json().data.id, type: 'subscriber.created', state: 'delivered' }]);
  });

  test('of a failing endpoint keeps the first kilobyte of the response', async () => {
    const { id } = await created({ url: receiver.url.replace('/hooks', '/broken'), format: 'envie' });
    const { data } = (await api.call(`POST /api/v1/webhooks/${id}/test`, { payload: {} })).json();
    expect(data).toMatchObject({ delivered: false, try: { status: 500 } });
    expect(data.try.answer).toHaveLength(1_024);
  });

  test('shows the printable part of a binary response', async () => {
    const { id } = await created({ url: receiver.url.replace('/hooks', '/bytes') });
    const { data } = (await api.call(`POST /api/v1/webhooks/${id}/test`, { payload: {} })).json();
    expect(data).toMatchObject({ delivered: true, try: { status: 200, answer: '\u0000\ufffd\ufffd{\ufffd' } });
    const log = (await api.call(`GET /api/v1/webhooks/${id}/deliveries`)).json().data;
    expect(log).toMatchObject([{ id: data.id, tries: [data.try] }]);
  });

  test('of a type that the format does not have is refused', async () => {
    const { id } = await created({ format: 'envie' });
    const answer = await api.call(`POST /api/v1/webhooks/${id}/test`, { payload: { type: 'campaign.sent' } });
    expect(answer.statusCode).toBe(422);
  });
});

test('during a rotation both secrets sign; afterwards only the new one', async () => {
  const { id, secret: old } = await created();
  const rotated = await api.call(`POST /api/v1/webhooks/${id}/rotate`, { payload: { overlap_hours: 1 } });
  const { secret: fresh, secrets } = rotated.json().data;
  expect(secrets).toMatchObject([{ expires_at: expect.any(String) }, { expires_at: null }]);
  const signedNow = async () => {
    await api.call(`POST /api/v1/webhooks/${id}/test`, { payload: {} });
    return receiver.hooks.at(-1) as Hook;
  };
  const { body, headers } = await signedNow();
  for (const secret of [old, fresh]) {
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toHaveProperty('data');
  }
  const restore = useClock({ now: () => new Date(Date.now() + 2 * 3_600_000) });
  const after = await signedNow().finally(restore);
  // The package compares the time of the signature with the real time, so only the signature is checked here.
  const at = new Date(Number(after.headers['webhook-timestamp']) * 1_000);
  const signature = (secret: string) => new Webhook(secret).sign(String(after.headers['webhook-id']), at, after.body);
  expect(after.headers['webhook-signature']).toBe(signature(fresh));
});

test('a replay queues one event, or the events of a time range, again', async () => {
  const { id } = await created({ events: ['campaign.*'] });
  const at = (minute: number) => new Date(Date.UTC(2026, 4, 15, 9, minute));
  for (const minute of [0, 1, 2]) await api.deps.events.append([happened(`at ${minute}`)], at(minute));
  await api.deps.events.append([happened('other', 'message.sent')], at(1));
  const replayed = async (payload: object) =>
    (await api.call(`POST /api/v1/webhooks/${id}/replay`, { payload })).json();
  const stretch = { from: at(0).toISOString(), to: at(2).toISOString() };
  expect(await replayed(stretch)).toEqual({ data: { events: 2 } });
  const [first] = (await api.call('GET /api/v1/events?type=message.sent')).json().data;
  expect(await replayed({ event: first.id })).toEqual({ data: { events: 1 } });
  expect(notified).toEqual([id, id]);
  const waiting = (await api.call(`GET /api/v1/webhooks/${id}/deliveries?state=waiting`)).json().data;
  expect(waiting.map(({ type }: { type: string }) => type).sort()).toEqual([
    'campaign.sent',
    'campaign.sent',
    'message.sent',
  ]);
});

describe('a replay is refused', () => {
  const from = '2026-05-15T09:00:00Z';
  const refusal = async (payload: object, fields: Record<string, unknown> = {}) => {
    const { id } = await created(fields);
    const answer = await api.call(`POST /api/v1/webhooks/${id}/replay`, { payload });
    expect(answer.statusCode, answer.body).toBe(422);
    const waiting = (await api.call(`GET /api/v1/webhooks/${id}/deliveries`)).json().data;
    expect(waiting).toEqual([]);
    return Object.keys(answer.json().error.errors);
  };
  const idOf = async (_id: string, account: number, type = 'campaign.sent') => {
    await api.deps.events.append([{ _id, account, type }]);
    const found = await api.store.db
      .collection('events')
      .findOne({ account, type, public_id: publicIdOf({ account, _id }) });
    return String(found?.['public_id']);
  };

  test.each([
    [{}, 'from'],
    [{ event: 'evt_000000000000000000000000' }, 'event'],
    [{ event: 'evt_000000000000000000000000', from }, 'event'],
    [{ from, to: from }, 'to'],
    [{ from, to: '2026-05-14T09:00:00Z' }, 'to'],
    [{ from: 'yesterday' }, 'from'],
  ])('%j', async (payload, field) => {
    expect(await refusal(payload)).toEqual([field]);
  });

  test('of an event of another account, or without a payload in the format', async () => {
    expect(await refusal({ event: await idOf('foreign', api.account + 1_000) })).toEqual(['event']);
    expect(await refusal({ event: await idOf('wordless', api.account) }, { format: 'envie' })).toEqual(['event']);
  });

  test('of more than 10,000 events', async () => {
    const at = new Date('2027-01-01T00:00:00Z');
    await api.deps.events.append(
      Array.from({ length: 10_001 }, (_, n) => happened(`many ${n}`)),
      at,
    );
    expect(await refusal({ from: at.toISOString() })).toEqual(['to']);
  });
});

test('the delivery log has pages, the newest delivery first', async () => {
  const { id } = await created();
  for (const _ of [1, 2, 3]) await api.call(`POST /api/v1/webhooks/${id}/test`, { payload: {} });
  const pages: string[][] = [];
  for (let after = ''; ; ) {
    const { data, meta } = (await api.call(`GET /api/v1/webhooks/${id}/deliveries?limit=2${after}`)).json();
    pages.push(data.map((row: { id: string }) => row.id));
    if (meta.next === null) break;
    after = `&after=${meta.next}`;
  }
  expect(pages.map(({ length }) => length)).toEqual([2, 1]);
  expect(new Set(pages.flat()).size).toBe(3);
});
