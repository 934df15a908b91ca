import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecipientStatus } from '../../../domain/campaign/campaign.js';
import type { RecipientPosition } from '../../../store/campaigns/recipient-status.js';
import { type CampaignRecipient, type Recipients, recipients } from '../../../store/campaigns/recipients.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';

let database: TestDatabase;
let store: Store;
let who: Recipients;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  who = recipients(store);
});
afterAll(async () => {
  await store?.close();
  await database?.drop();
});

async function listAll(campaign: number, limit: number, status?: RecipientStatus): Promise<CampaignRecipient[]> {
  const all: CampaignRecipient[] = [];
  let after: RecipientPosition | undefined;
  do {
    const query = { account: 1, campaign, limit, ...(status && { status }), ...(after && { after }) };
    const { found, next } = await who.list(query);
    all.push(...found);
    after = next;
  } while (after !== undefined);
  return all;
}

describe('a campaign in its second round', () => {
  const later = { next: 1 };
  beforeAll(async () => {
    await insertPages(store, [
      aPage({
        ids: [1, 2, 3, 4],
        settled: 4,
        claimed: 4,
        done: true,
        last: false,
        seen: new Date('2026-05-15T09:00:20Z'),
        exceptions: [
          anException({ i: 1, kind: 'deferred', class: 'greylisted', code: '451', ...later }),
          anException({ i: 2, kind: 'failed' }),
          anException({ i: 3, kind: 'skipped', class: 'left', code: null, reply: null }),
        ],
      }),
      aPage({
        page: 1,
        ids: [5, 6, 7],
        settled: 3,
        claimed: 3,
        done: true,
        exceptions: [
          anException({ i: 0, kind: 'deferred', class: 'connection_lost', code: null, reply: null, ...later }),
          anException({ i: 1, kind: 'uncertain', class: 'owner_lost', code: null, reply: null }),
          anException({ i: 2, kind: 'deferred', class: 'greylisted', code: '451', ...later }),
        ],
      }),
      aPage({ round: 1, ids: [2, 5], settled: 1, claimed: 2, last: false }),
    ]);
    await store.db.collection<{ _id: number; [field: string]: unknown }>('subscribers').insertMany([
      { _id: 1, account: 1, list_id: 1, email: 'one@example.com', email_key: 'one@example.com' },
      { _id: 2, account: 2, list_id: 2, email: 'not-ours@example.com', email_key: 'not-ours@example.com' },
    ]);
  });

  test('each recipient is listed once, in the round that decides', async () => {
    const all = await listAll(1, 100);
    expect(all.map((one) => [one.subscriber_id, one.status, one.attempts])).toEqual([
      [1, 'sent', 1],
      [3, 'failed', 1],
      [4, 'skipped', 0],
      [6, 'uncertain', 1],
      [7, 'deferred', 1],
      [2, 'sent', 2],
      [5, 'pending', 1],
    ]);
  });

  test.each([1, 2, 3, 5])('pages of %i show the same as one page', async (limit) => {
    expect(await listAll(1, limit)).toEqual(await listAll(1, 100));
  });

  test.each([
    ['sent', [1, 2]],
    ['failed', [3]],
    ['skipped', [4]],
    ['uncertain', [6]],
    ['deferred', [7]],
    ['pending', [5]],
  ] as const)('status %s is found on its own', async (status, ids) => {
    expect((await listAll(1, 1, status)).map((one) => one.subscriber_id)).toEqual(ids);
  });

  test('reply, class and time come from the entry; a sent one has the time of its page', async () => {
    const [sent, failed, , , , again] = await listAll(1, 100);
    expect(sent).toMatchObject({ email: 'one@example.com', class: null, reply: null });
    expect(sent?.updated_at?.toISOString()).toBe('2026-05-15T09:00:20.000Z');
    expect(failed).toMatchObject({ class: 'refused', reply: 'no such user' });
    expect(failed?.updated_at?.toISOString()).toBe('2026-05-15T09:00:12.000Z');
    expect(again).toMatchObject({ email: null, updated_at: null });
  });

  test('totals count every recipient once; one without a page in the next round is deferred', async () => {
    const totals = await who.totals(1, 1);
    expect(totals).toEqual({
      recipients: 7,
      pending: 0,
      in_flight: 1,
      sent: 2,
      failed: 1,
      uncertain: 1,
      skipped: 1,
      deferred: 1,
      anySent: true,
      excluded: null,
    });
  });

  test('another account sees none of it', async () => {
    expect(await who.totals(2, 1)).toMatchObject({ recipients: 0, anySent: false });
    expect(await who.list({ account: 2, campaign: 1, limit: 10 })).toEqual({ found: [], next: undefined });
    expect(await who.withAnySent(2, [1])).toEqual(new Set());
  });

  test('a retry finds only entries that no round retries, and only of the given ids', async () => {
    expect(await who.anyOpen(1, 1, ['failed'])).toBe(true);
    expect(await who.anyOpen(1, 1, ['uncertain'], [6])).toBe(true);
    expect(await who.anyOpen(1, 1, ['failed', 'uncertain'], [1, 2, 5])).toBe(false);
    expect(await who.anyOpen(1, 99, ['failed'])).toBe(false);
  });
});

test('a campaign that was cancelled in the middle of a page skips the rest', async () => {
  await insertPages(store, [aPage({ campaign: 2, ids: [1, 2, 3], settled: 1, claimed: 1, done: true })]);
  expect((await listAll(2, 10)).map((one) => [one.status, one.class])).toEqual([
    ['sent', null],
    ['skipped', 'cancelled'],
    ['skipped', 'cancelled'],
  ]);
  expect((await listAll(2, 1, 'skipped')).map((one) => one.subscriber_id)).toEqual([2, 3]);
  expect(await who.totals(1, 2)).toMatchObject({ sent: 1, skipped: 2, pending: 0 });
  expect(await who.anyOpen(1, 2, ['failed'])).toBe(false);
  expect(await who.anyOpen(1, 2, ['unsent'])).toBe(true);
  expect(await who.anyOpen(1, 2, ['unsent'], [1])).toBe(false);
  expect(await who.anyOpen(1, 2, ['unsent'], [3])).toBe(true);
});

test('one read adds up several campaigns; those without pages have zero totals', async () => {
  const totals = await who.totalsOfMany(1, [1, 2, 3]);
  expect([...totals.keys()]).toEqual([1, 2, 3]);
  expect(totals.get(3)).toMatchObject({ recipients: 0, sent: 0, anySent: false });
  expect(await who.withAnySent(1, [1, 2, 3])).toEqual(new Set([1, 2]));
});
