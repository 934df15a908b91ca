import { expect, test } from 'vitest';
import { reputationGuard } from '../../../activities/campaign/reputation.js';
import { sweepInbound } from '../../../activities/inbound/sweep.js';
import type { PageException } from '../../../domain/campaign/ledger-page.js';
import { accounts } from '../../../store/accounts/accounts.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { reputation } from '../../../store/campaigns/reputation.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { events } from '../../../store/events/events.js';
import { inbound } from '../../../store/inbound/inbound.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { aSentCampaign, inboundDeps, type SentCampaign } from '../../support/activities/inbound-fixture.js';
import { aReport } from '../../support/mail/reports.js';
import { steered } from '../../support/store/campaigns.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const limits = { complaints: 0.3, bounces: 5 };
const guardOf = () => {
  const rows = { accounts: accounts(store), campaigns: campaigns(store), events: events(store) };
  return reputationGuard({ ...rows, reputation: reputation(store), limits });
};
const rowOf = async ({ campaign }: SentCampaign): Promise<Campaign> => {
  const row = await campaigns(store).find(campaign.account, campaign._id);
  if (row === null) throw new Error('the campaign is gone');
  return row;
};
const published = ({ campaign }: SentCampaign) =>
  store.db.collection('events').find({ campaign: campaign._id, type: 'campaign.paused' }).sort({ at: 1 }).toArray();

const nobodyThere = (i: number): PageException => anException({ i, kind: 'failed', class: 'invalid_recipient' });

/** A sending campaign: `readers` are subscribers for reports; many more mails were accepted. */
async function underWay(readers: number, answered: number, hard = 0): Promise<SentCampaign> {
  const sent = await aSentCampaign(store, readers);
  const { _id: campaign, account } = sent.campaign;
  await majorityCollection<Campaign>(store, 'campaigns').updateOne({ _id: campaign }, { $set: { state: 'sending' } });
  const ids = Array.from({ length: answered }, (_, i) => 1_000_000_000 + i);
  const exceptions = Array.from({ length: hard }, (_, i) => nobodyThere(i));
  const marks = { settled: answered, claimed: answered, published: hard, done: true };
  await insertPages(store, [
    aPage({ account, campaign, page: 99, ids, exceptions: exceptions, last: false, ...marks }),
  ]);
  return sent;
}

/** Complaints come in, and the sweep reads them. */
async function complain(sent: SentCampaign, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await inbound(store).saveMail(null, aReport('yahoo-complaint', sent.about(i)), []);
  await sweepInbound(inboundDeps(store, { guard: guardOf() }));
}

test('five complaints within a day pause a campaign; after a resume it takes as many new ones', async () => {
  const sent = await underWay(14, 100);
  await complain(sent, 0, 4);
  expect((await rowOf(sent)).state).toBe('sending');
  await complain(sent, 4, 5);
  expect(await rowOf(sent)).toMatchObject({ state: 'paused', reason: 'complaint_rate' });
  const event = { _id: `campaign:${sent.campaign._id}:v1:paused`, data: { reason: 'complaint_rate', complaints: 5 } };
  expect(await published(sent)).toMatchObject([event]);

  // Two more arrive during the pause: the resume excuses them too.
  await complain(sent, 5, 7);
  steered(await campaigns(store).resume(await rowOf(sent)));
  await guardOf()(sent.campaign.account, sent.campaign._id);
  await complain(sent, 7, 11);
  expect((await rowOf(sent)).state).toBe('sending');
  await complain(sent, 11, 12);
  expect((await rowOf(sent)).state).toBe('paused');
  expect(await published(sent)).toHaveLength(2);
});

test('hard bounces count, at once and by report, up to the limit of the account', async () => {
  const sent = await underWay(2, 1_000, 63);
  const { account, _id } = sent.campaign;
  await store.db
    .collection<{ _id: number }>('accounts')
    .updateOne({ _id: account }, { $set: { name: 'x' } }, { upsert: true });
  await guardOf()(account, _id);
  expect((await rowOf(sent)).state).toBe('sending');
  await accounts(store).change(account, { pause_at_bounces: 10 });
  await inbound(store).saveMail(null, aReport('postfix-unknown-user', sent.about(0)), []);
  await sweepInbound(inboundDeps(store, { guard: guardOf() }));
  expect((await rowOf(sent)).state).toBe('sending');
  await accounts(store).change(account, { pause_at_bounces: null });
  await guardOf()(account, _id);
  expect(await rowOf(sent)).toMatchObject({ state: 'paused', reason: 'bounce_rate', excused: { hard: 64 } });
  expect(await published(sent)).toMatchObject([{ data: { reason: 'bounce_rate', hard: 64, accepted: 939 } }]);
});

test('a campaign that is closed, or paused for another reason, does not change', async () => {
  const sent = await underWay(1, 1_000, 500);
  for (const state of ['sent', 'paused', 'cancelled'] as const) {
    await majorityCollection<Campaign>(store, 'campaigns').updateOne({ _id: sent.campaign._id }, { $set: { state } });
    const before = await rowOf(sent);
    await guardOf()(sent.campaign.account, sent.campaign._id);
    expect(await rowOf(sent)).toEqual(before);
  }
});
