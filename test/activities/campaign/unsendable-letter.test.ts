import { expect, test } from 'vitest';
import { deliveryActivities } from '../../../activities/campaign/delivery.js';
import { reputationGuard } from '../../../activities/campaign/reputation.js';
import { readConfig } from '../../../config.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import { compiledLetters } from '../../../services/letters/compiled-letters.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { stores } from '../../../store/stores.js';
import { sendingDeps } from '../../support/activities/sending-fixture.js';
import { aDraft, steered } from '../../support/store/campaigns.js';
import { aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const whole = () => stores(store, { secret: 'secret' });
const CONTENT = { subject: 'News', preheader: null, html: '<p>Hi {{ first_name }}</p>', text: 'Hi' };

/** A campaign that sends to two readers, with a letter as another version may have stored it. */
async function sendingWith(content: Partial<typeof CONTENT>, readers = 2): Promise<Campaign> {
  const { _id, account, list_id } = await aDraft(store, readers);
  const from = { name: null, email: 'news@example.test' };
  const letter = { ...CONTENT, ...content, from, reply_to: null, list: 'Readers' };
  const rendered = await whole().contents.saveLetter(account, letter);
  const ran = { state: 'sending' as const, launch: 1, round: 0, rendered };
  await majorityCollection<Campaign>(store, 'campaigns').updateOne({ _id }, { $set: ran });
  const people = await store.db.collection<{ _id: number }>('subscribers').find({ list_id }).sort({ _id: 1 }).toArray();
  const ids = people.map((person) => person._id);
  await insertPages(store, [aPage({ account, campaign: _id, ids })]);
  return found({ account, _id });
}

async function found({ account, _id }: Pick<Campaign, 'account' | '_id'>): Promise<Campaign> {
  const row = await whole().campaigns.find(account, _id);
  if (row === null) throw new Error('gone');
  return row;
}

const noMail = (): Promise<Outcome> => Promise.reject(new Error('a mail was sent'));

function lane({ account, _id: campaign }: Campaign, deliver = noMail) {
  const letters = compiledLetters({ ...whole(), config: readConfig({}) });
  const guard = reputationGuard({ ...whole(), limits: { complaints: 0.3, bounces: 5 } });
  const { sendPages } = deliveryActivities(sendingDeps(store, deliver, { letters, guard, checkReputation: guard }));
  return () => sendPages({ account, campaign, launch: 1, round: 0, downs: 0 });
}

async function pausesOf({ account, _id }: Campaign) {
  const all = await whole().events.ofCampaign(account, _id);
  return all.filter(({ type }) => type === 'campaign.paused').map(({ data }) => data);
}

test.each([
  ['html', { html: '<p>Hi</p>\n{% if a %}' }, 'html: tag {% if a %} not closed, line:2'],
  ['text', { text: 'Hi {{ first_name | shout }}' }, 'text: undefined filter: shout'],
  ['subject', { subject: 'News {% for a in %}' }, 'subject: '],
])(
  'a stored letter whose %s cannot be compiled pauses its campaign once and names the place',
  async (_, content, place) => {
    const campaign = await sendingWith(content);
    const send = lane(campaign);
    expect(await Promise.all([send(), send()])).toEqual(['not_wanted', 'not_wanted']);
    expect(await send()).toBe('not_wanted');
    const where = expect.stringContaining(place);
    const paused = await found(campaign);
    expect(paused).toMatchObject({ state: 'paused', reason: 'content_blocked' });
    expect(paused.findings).toEqual([{ code: 'not_renderable', where }]);
    expect(await pausesOf(campaign)).toEqual([{ reason: 'content_blocked', detail: where }]);
  },
);

test('resumed, it is paused again, and no recipient of it is claimed', async () => {
  const campaign = await sendingWith({ html: '{% if a %}' });
  const send = lane(campaign);
  await send();
  const resumed = steered(await whole().campaigns.resume(await found(campaign)));
  expect(resumed.state).toBe('sending');
  expect(await send()).toBe('not_wanted');
  const again = await found(campaign);
  expect([again.state, again.findings?.length]).toEqual(['paused', 1]);
  expect(await pausesOf(campaign)).toHaveLength(2);
  const pages = await majorityCollection<LedgerPage>(store, 'ledger').find({ campaign: campaign._id }).toArray();
  expect(pages).toMatchObject([{ claimed: 0, settled: 0, token: null }]);
});

test.each([
  [60, 'paused', 'content_blocked'],
  [8, 'sending', null],
])('a letter that %i of 68 recipients cannot get is %s', async (failing, state, reason) => {
  const campaign = await sendingWith(
    { html: '<p>{% if tags[0] %}{{ tags | where_exp: "x", "x ===" }}{% endif %}</p>' },
    68,
  );
  const rows = store.db.collection('subscribers');
  const some = await rows.find({ list_id: campaign.list_id }).limit(failing).toArray();
  await rows.updateMany({ _id: { $in: some.map(({ _id }) => _id) } }, { $set: { tags: ['vip'] } });
  const accepted = async (): Promise<Outcome> => ({
    kind: 'accepted',
    reply: { code: 250, text: 'OK' },
  });
  await lane(campaign, accepted)();
  const row = await found(campaign);
  expect(row).toMatchObject({ state, reason });
  if (reason === null) return;
  const where = expect.stringContaining('x ===');
  expect(row.findings).toEqual([{ code: 'not_renderable', where }]);
  expect(await pausesOf(campaign)).toMatchObject([{ reason, hard: 0, unrendered: expect.any(Number), detail: where }]);
});

test('a letter that a newer version rendered is left to a process of that version, and pauses nothing', async () => {
  const campaign = await sendingWith({});
  const letters = store.db.collection<{ _id: string; json: string }>('contents');
  const row = await letters.findOne({ _id: { $regex: `${campaign.rendered}$` } });
  const json = JSON.stringify({ ...JSON.parse(row?.json ?? ''), format: 1_000 });
  await letters.updateOne({ _id: row?._id ?? '' }, { $set: { json } });
  await expect(lane(campaign)()).rejects.toThrow('a newer version of Everpost');
  expect(await found(campaign)).toMatchObject({ state: 'sending', reason: null });
  expect(await pausesOf(campaign)).toEqual([]);
});

test('a list of addresses that do not exist is paused within its first page', async () => {
  const campaign = await sendingWith({ subject: 'To nobody' }, 300);
  const refused = async (): Promise<Outcome> => ({ kind: 'refused', reply: { code: 550, text: '5.1.1 No such user' } });
  await lane(campaign, refused)();
  expect(await found(campaign)).toMatchObject({ state: 'paused', reason: 'bounce_rate' });
  const pages = await majorityCollection<LedgerPage>(store, 'ledger').find({ campaign: campaign._id }).toArray();
  expect(pages[0]?.settled).toBeGreaterThanOrEqual(50);
  expect(pages[0]?.claimed).toBeLessThan(300);
});
