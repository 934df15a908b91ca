import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileLetter, messageIdOf } from '../../../../mail/letter/compile.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { aCampaign, forceCampaign, rowOf } from '../../../support/api/campaigns.js';
import { aLetter } from '../../../support/mail/letters.js';
import { anException, aPage, insertPages } from '../../../support/store/ledger-pages.js';

let api: TestApi;
let campaign: number;
const ids: number[] = [];

beforeAll(async () => {
  api = await anApi({ MAIL_FROM: 'Everpost <news@fallback.example>' });
  const list = await aList(api);
  for (const name of ['ann', 'bob', 'cid', 'dan', 'eve', 'fay']) {
    ids.push((await aSubscriber(api, list, { email: `${name}@example.com` })).id);
  }
  campaign = await aCampaign(api, list);
  await forceCampaign(api, campaign, { state: 'sending', round: 1, recipient_count: 6 });
  const page = { account: api.account, campaign, done: true, seen: new Date('2026-05-15T09:00:20Z') };
  await insertPages(api.store, [
    aPage({
      ...page,
      ids: ids.slice(0, 3),
      settled: 3,
      claimed: 3,
      last: false,
      exceptions: [
        anException({ i: 1, kind: 'deferred', class: 'greylisted', code: '451', reply: 'try later', next: 1 }),
        anException({ i: 2, kind: 'skipped', class: 'left', code: null, reply: null }),
      ],
    }),
    aPage({
      ...page,
      page: 1,
      ids: ids.slice(3),
      settled: 3,
      claimed: 3,
      exceptions: [
        anException({ i: 0, kind: 'failed' }),
        anException({ i: 2, kind: 'uncertain', class: 'owner_lost', code: null }),
      ],
    }),
    aPage({ ...page, round: 1, ids: ids.slice(1, 2), done: false }),
  ]);
  await api.call('DELETE /api/v1/subscribers/eve@example.com?erase=true');
});
afterAll(() => api.close());

const listed = async (query = '') =>
  (await api.call(`GET /api/v1/campaigns/${campaign}/recipients${query}`)).json<{
    data: Record<string, unknown>[];
    meta: { next: string | null };
  }>();

test('each recipient is listed with an address; an erased one only with an id', async () => {
  const { data, meta } = await listed();
  expect(data.map((one) => [one['email'], one['status'], one['attempts']])).toEqual([
    ['ann@example.com', 'sent', 1],
    ['cid@example.com', 'skipped', 0],
    ['dan@example.com', 'failed', 1],
    [null, 'sent', 1],
    ['fay@example.com', 'uncertain', 1],
    ['bob@example.com', 'pending', 1],
  ]);
  expect(data[2]).toMatchObject({
    subscriber_id: ids[3],
    class: 'refused',
    reply: 'no such user',
    updated_at: '2026-05-15T09:00:12+00:00',
  });
  expect(data[3]).toMatchObject({ subscriber_id: ids[4], updated_at: '2026-05-15T09:00:20+00:00' });
  expect(data[1]).toMatchObject({ class: 'left', message_id: null });
  expect(meta).toEqual({ next: null });
});

test('the cursor leads through all rounds and repeats no recipient', async () => {
  const seen: unknown[] = [];
  let next: string | null = '';
  do {
    const { data, meta } = await listed(`?limit=2${next && `&after=${encodeURIComponent(next)}`}`);
    seen.push(...data.map((one) => one['subscriber_id']));
    next = meta.next;
  } while (next !== null);
  expect(seen).toEqual([0, 2, 3, 4, 5, 1].map((i) => ids[i]));
});

test('a status filters the list; an invalid status, cursor or limit is refused', async () => {
  expect((await listed('?status=uncertain')).data.map((one) => one['email'])).toEqual(['fay@example.com']);
  expect((await listed('?status=deferred')).data).toEqual([]);
  for (const query of ['status=bounced', 'after=1', 'after=a:b:c', 'limit=0', 'limit=1001', 'page=2']) {
    expect((await api.call(`GET /api/v1/campaigns/${campaign}/recipients?${query}`)).statusCode, query).toBe(422);
  }
  expect((await api.call('GET /api/v1/campaigns/999999/recipients')).statusCode).toBe(404);
});

test('the Message-ID is the one of the sent mail', async () => {
  const row = await rowOf(api, campaign);
  const from = { name: 'Everpost', email: 'news@fallback.example' };
  const letter = compileLetter(aLetter({ campaign, from, boundarySeed: row?.seed ?? '' }));
  const { data } = await listed('?status=sent&limit=1');
  expect(data[0]?.['message_id']).toBe(messageIdOf(letter, ids[0] ?? 0));
});

test('the numbers of the campaign are the numbers of the listing', async () => {
  const { data } = (await api.call(`GET /api/v1/campaigns/${campaign}`)).json();
  expect(data).toMatchObject({ recipient_count: 6, emails_sent: 2, emails_failed: 1, status: 'sending' });
  expect(data.stats).toEqual({
    recipients: 6,
    pending: 1,
    in_flight: 0,
    sent: 2,
    failed: 1,
    uncertain: 1,
    skipped: 1,
    deferred: 0,
    rounds: 2,
    bounces: 0,
    complaints: 0,
    unsubscribes: 0,
    opens: NO_VISITS,
    clicks: NO_VISITS,
  });
});

const NO_VISITS = { people: 0, machines: 0, total: 0, machine_total: 0 };
