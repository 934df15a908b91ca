import { expect, test } from 'vitest';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { uncertainRecipients } from '../../../store/campaigns/uncertain-recipients.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
let campaign = 0;
const evidence = { kind: 'sent', class: 'accepted', code: '250', reply: 'ok', at: new Date(1_000) } as const;

async function aSettledPage(exceptions: LedgerPage['exceptions']): Promise<LedgerPage> {
  campaign += 1;
  const marks = { settled: exceptions.length, claimed: exceptions.length, done: true };
  const page = aPage({ account: 7, campaign, ids: [10, 20, 30, 40], exceptions, ...marks });
  await insertPages(store, [page]);
  return page;
}

const stored = ({ _id }: LedgerPage) => majorityCollection<LedgerPage>(store, 'ledger').findOne({ _id });

test('late evidence settles an uncertain recipient once, and only one that its owner left', async () => {
  const page = await aSettledPage([
    anException({ i: 0, kind: 'uncertain', by: 'gone' }),
    anException({ i: 1, kind: 'failed' }),
  ]);
  const late = (i: number, by?: string) =>
    uncertainRecipients(store).recordLateEvidence(7, page._id, { ...evidence, i, ...(by !== undefined && { by }) });
  expect(await late(0, 'another owner')).toBe(false);
  expect(await late(1)).toBe(false);
  expect(await late(0, 'gone')).toBe(true);
  expect(await late(0, 'gone')).toBe(false);
  expect((await stored(page))?.exceptions).toMatchObject([
    { i: 0, kind: 'sent', code: '250', unpublished: true },
    { i: 1, kind: 'failed' },
  ]);
});

test('an uncertain recipient that a later round retries stays uncertain', async () => {
  const page = await aSettledPage([anException({ i: 0, kind: 'uncertain', next: 1 })]);
  expect(await uncertainRecipients(store).recordLateEvidence(7, page._id, { ...evidence, i: 0 })).toBe(false);
});

test('an entry is due until its event is confirmed, and one that is settled meanwhile stays due', async () => {
  const page = await aSettledPage([anException({ i: 0, kind: 'uncertain' }), anException({ i: 1, kind: 'uncertain' })]);
  const { recordLateEvidence, confirmPublished, unpublishedPages } = uncertainRecipients(store);
  const due = async () => {
    for await (const { _id, exceptions } of unpublishedPages()) {
      if (_id === page._id) return exceptions.filter(({ unpublished }) => unpublished).map(({ i }) => i);
    }
    return [];
  };
  await recordLateEvidence(7, page._id, { ...evidence, i: 0 });
  await recordLateEvidence(7, page._id, { ...evidence, i: 1 });
  expect(await due()).toEqual([0, 1]);
  const entry = (i: number) => anException({ i, kind: 'sent' });
  await confirmPublished(page, [entry(0)]);
  expect(await due()).toEqual([1]);
  await confirmPublished(page, [anException({ i: 1, kind: 'uncertain' })]);
  expect(await due()).toEqual([1]);
  await confirmPublished(page, [entry(1)]);
  expect(await due()).toEqual([]);
  const plan = await store.db.collection('ledger').find({ 'exceptions.unpublished': true }).explain('queryPlanner');
  expect(JSON.stringify(plan['queryPlanner'].winningPlan)).toContain('exceptions.unpublished_1');
});
