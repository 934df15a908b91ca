import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aList, anApi, aStranger, aSubscriber, type TestApi } from '../../../support/api/api.js';

interface Shown {
  readonly id: string;
  readonly type: string;
  readonly position: number;
  readonly subscriber_id: number | null;
  readonly data: Record<string, unknown>;
}

let api: TestApi;
let list: number;
let alice: number;

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
  ({ id: alice } = await aSubscriber(api, list));
  await aSubscriber(api, list, { email: 'bob@example.com' });
  await api.call(`PATCH /api/v1/subscribers/${alice}`, { payload: { first_name: 'Alice' } });
  await api.call('DELETE /api/v1/subscribers/alice@example.com');
  const about = { account: api.account, campaign: 7 };
  await api.deps.events.append([{ ...about, _id: 'sent', type: 'campaign.sent' }], new Date('2026-05-15T09:00:00Z'));
  const message = { message: '01890a5d-ac96-7aa1-8d3c-5a0f3f0f8a11' };
  await api.deps.events.append([{ account: api.account, _id: 'mail', type: 'message.sent', data: message }]);
});
afterAll(() => api?.close());

async function listed(query = ''): Promise<{ data: Shown[]; meta: { next: number | null; forgotten: number } }> {
  const answer = await api.call(`GET /api/v1/events${query}`);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

const typesIn = async (query: string) => (await listed(query)).data.map(({ type }) => type);

test('all events are listed in order, without addresses', async () => {
  const { data, meta } = await listed();
  expect(data.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(meta.next).toBeNull();
  const types = ['created', 'created', 'updated', 'unsubscribed'].map((type) => `subscriber.${type}`);
  expect(data.map(({ type }) => type).sort()).toEqual(['campaign.sent', 'message.sent', ...types].sort());
  for (const { id } of data) expect(id).toMatch(/^evt_[0-9A-Za-z]{24}$/);
  expect(JSON.stringify(data)).not.toContain('@');
});

test('with a format, an event has the body that an endpoint receives, or null where there is none', async () => {
  const { data } = await listed('?type=subscriber.updated&payload=standard');
  const subscriber = { id: alice, email: 'alice@example.com', first_name: 'Alice', status: 'active' };
  expect(data).toMatchObject([{ payload: { type: 'subscriber.updated', data: { subscriber } } }]);
  const maily = await listed('?type=campaign.sent&payload=maily');
  expect(maily.data).toMatchObject([{ payload: { event: 'campaign.sent', data: { campaign: { id: 7 } } } }]);
  expect((await listed('?type=campaign.sent&payload=envie')).data).toMatchObject([{ payload: null }]);
  expect((await api.call('GET /api/v1/events?payload=xml')).statusCode).toBe(422);
});

describe('filters', () => {
  test.each([
    ['?type=campaign.sent', ['campaign.sent']],
    ['?campaign=7', ['campaign.sent']],
    ['?message=01890a5d-ac96-7aa1-8d3c-5a0f3f0f8a11', ['message.sent']],
    ['?from=2026-05-15T09:00:00Z&to=2026-05-15T09:00:01Z', ['campaign.sent']],
    ['?type=subscriber.*&to=2026-05-16T00:00:00Z', []],
  ])('%s', async (query, types) => {
    expect(await typesIn(query)).toEqual(types);
  });

  test('the events of a subscriber', async () => {
    const story = ['subscriber.created', 'subscriber.updated', 'subscriber.unsubscribed'];
    expect(await typesIn(`?subscriber=${alice}&type=subscriber.*`)).toEqual(story);
    expect(await typesIn(`?subscriber=${alice}&order=desc`)).toEqual([...story].reverse());
  });

  test.each(['type=campaign.sold', 'type=nonsense', 'from=yesterday', 'sort=up'])('%s is refused', async (query) => {
    expect((await api.call(`GET /api/v1/events?${query}`)).statusCode).toBe(422);
  });
});

test('the refusal of a type names valid ones', async () => {
  const refused = async (type: string) => (await api.call(`GET /api/v1/events?type=${type}`)).body;
  expect(await refused('campaign.sold')).toMatch(
    /campaign\.sold is no event type: use campaign\.awaiting_approval, .*campaign\.sent\./,
  );
  expect(await refused('transport.*')).toMatch(/transport\.\* is no event type: use campaign\.\*, .*webhook\.\*\./);
});

test('pages contain every event once, in either direction; new events follow the last position', async () => {
  for (const order of ['asc', 'desc']) {
    const pages: number[][] = [];
    for (let next: number | null = null; ; ) {
      const page = await listed(`?order=${order}&limit=4${next === null ? '' : `&after=${next}`}`);
      pages.push(page.data.map(({ position }) => position));
      next = page.meta.next;
      if (next === null) break;
    }
    const all = [1, 2, 3, 4, 5, 6];
    expect(pages.flat()).toEqual(order === 'asc' ? all : all.reverse());
    expect(pages.length).toBe(2);
  }
  await aSubscriber(api, list, { email: 'carol@example.com' });
  expect((await listed('?after=6')).data).toMatchObject([{ type: 'subscriber.created', position: 7 }]);
});

test('another account sees none of them', async () => {
  const { key } = await aStranger(api);
  expect((await api.call('GET /api/v1/events?campaign=7', { key })).json().data).toEqual([]);
});

test('a reader that returns after events were deleted gets the number of missed events', async () => {
  await api.store.db.collection('events').deleteMany({ account: api.account, seq: { $lte: 5 } });
  const { data, meta } = await listed('?after=2');
  expect(meta.forgotten).toBe(3);
  expect(data[0]).toMatchObject({ position: 6 });
  for (const query of ['', '?after=5', '?after=6', '?order=desc&after=2']) {
    expect((await listed(query)).meta.forgotten, query).toBe(0);
  }
});
