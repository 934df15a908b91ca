import { afterAll, beforeAll, expect, test } from 'vitest';
import { releaseExpired } from '../../../../activities/sweep/suppressions.js';
import { applyComplaint, applyRefusal } from '../../../../services/suppress.js';
import { subscribers } from '../../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../../store/suppressions/suppressions.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
let list: number;
beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
});
afterAll(() => api?.close());

const DAY = 86_400_000;
const stores = () => ({ subscribers: subscribers(api.store), suppressions: suppressions(api.store) });
const mailOf = (name: string) => ({ account: api.account, emailKey: `${name}@example.com` });
const added = async (name: string): Promise<number> =>
  (await aSubscriber(api, list, { email: `${name}@example.com` })).id;
const statusOf = async (id: number) => (await api.call(`GET /api/v1/subscribers/${id}`)).json().data.status;
const suppressionOf = async (name: string) =>
  (await api.call(`GET /api/v1/suppressions?email=${name}@example.com`)).json().data[0];
const release = (name: string, query = '') => api.call(`DELETE /api/v1/suppressions/${name}@example.com${query}`);
const hard = (name: string) =>
  applyRefusal(stores(), mailOf(name), {
    kind: 'failed',
    class: 'invalid_recipient',
    reply: '550 5.1.1',
    at: new Date(),
  });

/** A disabled mailbox, refused on two days; the second time `ago` milliseconds ago. */
async function softly(name: string, ago = 0) {
  for (const before of [ago + 2 * DAY, ago]) {
    const at = new Date(Date.now() - before);
    await applyRefusal(stores(), mailOf(name), { kind: 'failed', class: 'mailbox_disabled', reply: '550 5.2.1', at });
  }
}

test('a released soft suppression makes the subscriber active again, and is recorded without the address', async () => {
  const id = await added('soft');
  await softly('soft');
  expect(await statusOf(id)).toBe('bounced');
  const { expires_at } = await suppressionOf('soft');
  expect(new Date(expires_at).getTime() - Date.now()).toBeGreaterThan(29 * DAY);
  expect((await release('soft')).statusCode).toBe(204);
  expect(await statusOf(id)).toBe('active');
  const [entry] = (await api.call('GET /api/v1/audit?action=suppressions.remove')).json().data;
  expect(entry).toMatchObject({ target: null, outcome: 'done' });
  const event = await api.store.db.collection('events').findOne({ type: 'subscriber.reactivated', subscriber: id });
  expect(event?.['data']).toMatchObject({ by: 'api', status: 'active' });

  // It bounces again: the subscriber has a second event, and is suppressed anew.
  await softly('soft');
  expect(await statusOf(id)).toBe('bounced');
  expect(await api.store.db.collection('events').countDocuments({ type: 'subscriber.bounced', subscriber: id })).toBe(
    2,
  );
});

test('a soft suppression ends by itself; a hard one, or one that became hard, does not', async () => {
  const [soft, gone, both] = [await added('expired'), await added('gone'), await added('both')];
  await softly('expired', 31 * DAY);
  await hard('gone');
  await softly('both', 31 * DAY);
  await hard('both');
  expect(await suppressionOf('both')).toMatchObject({ reason: 'bounce', evidence: '550 5.1.1', expires_at: null });
  await releaseExpired(stores());
  await releaseExpired(stores());
  expect([await statusOf(soft), await statusOf(gone), await statusOf(both)]).toEqual(['active', 'bounced', 'bounced']);
  expect(await suppressionOf('expired')).toBeUndefined();
});

test('a suppression by hand replaces one that would expire', async () => {
  await softly('hand');
  await api.call('POST /api/v1/suppressions', { payload: { email: 'hand@example.com' } });
  expect(await suppressionOf('hand')).toMatchObject({ reason: 'manual', expires_at: null });
});

test('a hard bounce comes back only where the caller says so; a complaint and who had left do not', async () => {
  const [gone, angry, left] = [await added('hard'), await added('angry'), await added('left')];
  await hard('hard');
  expect((await release('hard')).statusCode).toBe(204);
  expect(await statusOf(gone)).toBe('bounced');
  await hard('hard');
  expect((await release('hard', '?reactivate=true')).statusCode).toBe(204);
  expect(await statusOf(gone)).toBe('active');

  await applyComplaint(stores(), mailOf('angry'), 'abuse');
  expect((await release('angry', '?reactivate=true')).statusCode).toBe(204);
  expect(await statusOf(angry)).toBe('complained');

  await subscribers(api.store).unsubscribe(api.account, 'left@example.com', undefined);
  await hard('left');
  await release('left', '?reactivate=true');
  expect(await statusOf(left)).toBe('unsubscribed');
});
