import type { Document } from 'mongodb';
import { beforeEach, expect, test } from 'vitest';
import { applyRestore } from '../../../cli/database/restored-rows.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { publishLateEvidence, settleRecipient } from '../../../services/evidence.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { uncertainRecipients } from '../../../store/campaigns/uncertain-recipients.js';
import { events } from '../../../store/events/events.js';
import type { Message } from '../../../store/messages/row.js';
import { type Restore, restores } from '../../../store/restores/restores.js';
import { anAcceptedMessage } from '../../support/store/messages.js';
import { aNewsletter, issuesOf } from '../../support/store/newsletters.js';
import { ownStore } from '../../support/store/own-store.js';
import { aSendingCampaign, at, campaignIn, campaignNow, storedIn } from '../../support/store/restored-database.js';
import { KILLED, storeDyingAfter } from '../../support/store/store-dying-after.js';

const store = ownStore();
const takenAt = at(-2);
beforeEach(async () => {
  for (const one of await store.db.collections()) await one.deleteMany({});
});

const restore = async () => applyRestore(store, await restores(store).begin(takenAt));
const pagesOf = ({ _id }: Campaign) =>
  store.db.collection<LedgerPage>('ledger').find({ campaign: _id }).sort({ page: 1 }).toArray();

test('recipients who were pending, in flight or deferred are uncertain by name, and no owner keeps a page', async () => {
  const row = await aSendingCampaign(store);
  await restore();
  const [first, second] = await pagesOf(row);
  expect(first?.exceptions).toMatchObject([
    { i: 0, kind: 'uncertain', class: 'restored', code: null, reply: null, unpublished: true },
    { i: 2, kind: 'failed' },
  ]);
  expect(first?.exceptions[0]).not.toHaveProperty('rule');
  expect(second).toMatchObject({ settled: 5, claimed: 5, token: null, done: false, published: 0 });
  expect(second?.exceptions.map(({ i, kind, class: why, unpublished }) => [i, kind, why, unpublished])).toEqual(
    [1, 2, 3, 4].map((i) => [i, 'uncertain', 'restored', undefined]),
  );
  const detail = expect.stringContaining(' 5 recipients may have been mailed since and are uncertain');
  expect(await campaignNow(store, row)).toMatchObject({ state: 'paused', reason: 'restored', held: { detail } });
});

test('of an unfinished freeze the pages that are added later are uncertain from the start', async () => {
  const row = await aSendingCampaign(store);
  await restore();
  expect(await campaignNow(store, row)).toMatchObject({ restored: { launch: 1, round: 0 } });
});

test('evidence after the restore is a second event of the recipient', async () => {
  const row = await aSendingCampaign(store);
  await restore();
  const stores = { uncertainRecipients: uncertainRecipients(store), events: events(store) };
  await publishLateEvidence(stores);
  const [page] = await pagesOf(row);
  const place = { page: page?._id ?? '', i: 0 };
  const sent = { kind: 'sent', class: 'clicked', code: null, reply: null, at: at(0) } as const;
  await settleRecipient(stores, row.account, place, sent);
  const appended = await events(store).ofCampaign(row.account, row._id);
  const ofRecipient = appended.filter(({ subscriber }) => subscriber === 1).map(({ type }) => type);
  expect(ofRecipient).toEqual(['recipient.uncertain', 'recipient.sent']);
});

test.each<[string, Partial<Campaign>, Partial<Campaign>]>([
  ['a scheduled campaign whose time has come', { state: 'scheduled', scheduled_at: at(-1) }, { state: 'paused' }],
  ['one for later, which may have been sent early', { state: 'scheduled', scheduled_at: at(1) }, { state: 'paused' }],
  ['a campaign that was about to be frozen', { state: 'freezing' }, { state: 'paused' }],
  ['a campaign under approval', { state: 'awaiting_approval' }, { state: 'paused' }],
  ['a paused campaign', { state: 'paused', reason: 'bounce_rate' }, { state: 'paused' }],
  ['a draft to be sent at once', { state: 'drafting', drafting: { n: 1, send: true, at: null } }, { state: 'draft' }],
  ['a draft to be sent later', { state: 'drafting', drafting: { n: 1, send: true, at: at(1) } }, { state: 'draft' }],
])('%s does not go on by itself', async (_, before, after) => {
  const row = await campaignIn(store, before);
  await restore();
  expect(await campaignNow(store, row)).toMatchObject({ ...after, reason: 'restored' });
  if (before.state === 'paused')
    expect((await campaignNow(store, row)).held?.detail).toContain('paused before: bounce_rate');
});

test.each<[string, Partial<Campaign>]>([
  ['being written, to stay a draft', { state: 'drafting', drafting: { n: 1, send: false, at: null } }],
  ['sent', { state: 'sent' }],
])('a campaign that is %s stays as it is', async (_, before) => {
  const row = await campaignIn(store, before);
  await restore();
  expect(await campaignNow(store, row)).toEqual(row);
});

test('messages that may have been sent are uncertain and can be settled; later ones wait', async () => {
  const past = { due: at(-1) };
  const doubtful = [
    await anAcceptedMessage(store, past),
    await anAcceptedMessage(store, { ...past, state: 'deferred', attempt: 2, resend_if_uncertain: true }),
    await anAcceptedMessage(store, { ...past, state: 'sending', attempt: 1, token: 'owner' }),
  ];
  const later = await anAcceptedMessage(store, { due: at(1) });
  await restore();
  const rows = store.db.collection<Message>('messages');
  const after = await Promise.all(doubtful.map(({ _id }) => rows.findOne({ _id })));
  expect(after.map((row) => [row?.state, row?.attempts.at(-1)?.n, row?.attempts.at(-1)?.class])).toEqual([
    ['uncertain', 1, 'restored'],
    ['uncertain', 3, 'restored'],
    ['uncertain', 1, 'restored'],
  ]);
  expect(after.every((row) => row?.token != null && row.sweep_at !== null)).toBe(true);
  expect(await rows.findOne({ _id: later._id })).toEqual(later);
});

test('each time of a newsletter up to now is skipped by name, and none is caught up', async () => {
  const newsletter = await aNewsletter(store);
  const days = store.db.collection<Document>('newsletters');
  await days.updateOne({}, { $set: { accounted_until: at(-72) } });
  await restore();
  const skipped = await issuesOf(store, newsletter);
  expect(skipped.map(({ state, reason }) => [state, reason])).toEqual(skipped.map(() => ['skipped', 'restored']));
  expect(skipped).toHaveLength(3);
  const begun = await restores(store).find(takenAt);
  expect(await days.findOne({})).toMatchObject({ accounted_until: begun?.began_at });
});

test('killed behind any of its writes, a second run gives the same result', async () => {
  const begin = async (): Promise<Restore> => {
    for (const one of await store.db.collections()) await one.deleteMany({});
    await aSendingCampaign(store);
    await campaignIn(store, { state: 'drafting', drafting: { n: 1, send: true, at: null } });
    await anAcceptedMessage(store, {
      _id: 'm',
      number: 1,
      to_key: 'a',
      to: { email: 'a', name: null },
      due: at(-1),
    });
    await aNewsletter(store);
    await store.db.collection('newsletters').updateOne({}, { $set: { accounted_until: at(-36) } });
    return restores(store).begin(takenAt);
  };
  const comparable = async () =>
    (await storedIn(store)).replace(/"(seed|hash|content|uid|group|number)":"?[^",]*"?/g, '');
  await applyRestore(store, await begin());
  const expected = await comparable();
  let writes = 0;
  for (let isKilled = true; isKilled; writes += 1) {
    isKilled = false;
    const begun = await begin();
    await applyRestore(storeDyingAfter(store, writes), begun).catch((error: Error) => {
      if (error.message !== KILLED) throw error;
      isKilled = true;
    });
    await applyRestore(store, begun);
    expect([writes, await comparable()]).toEqual([writes, expected]);
  }
  expect(writes).toBeGreaterThan(10);
});
