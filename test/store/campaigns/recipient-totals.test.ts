import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExceptionKind } from '../../../domain/campaign/campaign.js';
import type { LedgerPage, PageException } from '../../../domain/campaign/ledger-page.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';

let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
});
afterAll(async () => {
  await store?.close();
  await database?.drop();
});

/** The outcome of each recipient, round by round: a retried kind continues in the next round. */
type Fate = ExceptionKind | 'clean' | 'untouched';
const KINDS = ['failed', 'skipped', 'deferred', 'uncertain', 'sent'] as const;
const aFate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Fate>('clean') },
  { weight: 3, arbitrary: fc.constantFrom<Fate>(...KINDS) },
  { weight: 1, arbitrary: fc.constant<Fate>('untouched') },
);

const aHistory = fc.record({
  audience: fc.uniqueArray(fc.integer({ min: 1, max: 5_000 }), { maxLength: 60 }),
  pageSize: fc.integer({ min: 1, max: 9 }),
  fates: fc.array(fc.array(aFate, { minLength: 61, maxLength: 61 }), { minLength: 1, maxLength: 3 }),
  inFlight: fc.nat(3),
  pagesLaid: fc.nat(8),
  cancelled: fc.boolean(),
});
type History = typeof aHistory extends fc.Arbitrary<infer T> ? T : never;

/** Creates the rounds as a freeze does, up to some page of the last one, and settles each page up to some recipient. */
function pagesOf(campaign: number, { audience, pageSize, fates, inFlight, pagesLaid, cancelled }: History) {
  const pages: LedgerPage[] = [];
  let ids = audience.toSorted((one, other) => one - other);
  for (const [round, fate] of fates.entries()) {
    const isLast = round === fates.length - 1;
    const taken: number[] = [];
    for (let page = 0; page * pageSize < Math.max(1, ids.length); page += 1) {
      const own = ids.slice(page * pageSize, (page + 1) * pageSize);
      const last = (page + 1) * pageSize >= ids.length;
      const worked = workedPage(own, fate.slice(page * pageSize), { round, isLast, inFlight, cancelled });
      for (const { i, next } of worked.exceptions) if (next !== null) taken.push(own[i] ?? 0);
      if (round === 0 || !isLast || page < pagesLaid)
        pages.push(aPage({ campaign, round, page, last, ids: own, ...worked }));
    }
    ids = taken;
  }
  return pages;
}

interface Work extends Pick<History, 'inFlight' | 'cancelled'> {
  readonly round: number;
  readonly isLast: boolean;
}

function workedPage(ids: readonly number[], fates: readonly Fate[], { round, isLast, inFlight, cancelled }: Work) {
  const stop = ids.findIndex((_, i) => fates[i] === 'untouched');
  const settled = isLast && stop >= 0 ? stop : ids.length;
  const claimed = cancelled ? settled : Math.min(ids.length, settled + inFlight);
  const exceptions = ids.slice(0, settled).flatMap((_, i): PageException[] => {
    const fate = fates[i];
    if (fate === undefined || fate === 'clean' || fate === 'untouched') return [];
    const next = !isLast && (fate === 'deferred' || fate === 'uncertain') ? round + 1 : null;
    return [anException({ i, kind: fate, next })];
  });
  return { settled, claimed, exceptions: exceptions, done: settled === ids.length || (isLast && cancelled) };
}

test('for all pages the statuses add up to the audience, and the list of recipients agrees', async () => {
  const who = recipients(store);
  let campaign = 0;
  await fc.assert(
    fc.asyncProperty(aHistory, async (history) => {
      campaign += 1;
      await insertPages(store, pagesOf(campaign, history));
      const totals = await who.totals(1, campaign);
      const { found } = await who.list({ account: 1, campaign, limit: 1_000 });
      const count = (status: string) => found.filter((one) => one.status === status).length;
      expect(found.map((one) => one.subscriber_id).toSorted((a, b) => a - b)).toEqual(
        history.audience.toSorted((a, b) => a - b),
      );
      const { pending, in_flight, sent, failed, uncertain, skipped, deferred, recipients: all } = totals;
      expect(all).toBe(history.audience.length);
      expect({ waiting: pending + in_flight, sent, failed, uncertain, skipped, deferred }).toEqual({
        waiting: count('pending'),
        sent: count('sent'),
        failed: count('failed'),
        uncertain: count('uncertain'),
        skipped: count('skipped'),
        deferred: count('deferred'),
      });
    }),
    { numRuns: 60 },
  );
});
