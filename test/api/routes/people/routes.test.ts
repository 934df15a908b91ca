import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LedgerPage } from '../../../../domain/campaign/ledger-page.js';
import { majorityCollection } from '../../../../store/mongo/connect.js';
import { aList, anApi, aStranger, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { aCampaign, forceCampaign, freezeCampaign } from '../../../support/api/campaigns.js';
import { forceMessage, post } from '../../../support/api/messages.js';
import { anException } from '../../../support/store/ledger-pages.js';
import { appendVisits } from '../../../support/store/visits.js';

const SEEN = new Date('2026-05-15T09:00:20Z');

let api: TestApi;
let [news, offers] = [0, 0];
/** Ana's rows on both lists, and the campaigns to them. */
let ana: Readonly<Record<'news' | 'offers', number>>;
let [sent, refused] = [0, 0];
let message: string;

/** Settles every page of a campaign as a worker would have left it. */
async function settle(campaign: number, exceptions: Partial<LedgerPage>['exceptions'] = []): Promise<void> {
  const pages = majorityCollection<LedgerPage>(api.store, 'ledger');
  const after = { done: true, seen: SEEN, exceptions, published: exceptions.length };
  await pages.updateMany({ campaign, round: 0 }, [{ $set: { settled: '$n', claimed: '$n', ...after } }]);
  await forceCampaign(api, campaign, { state: 'sent', closed_at: SEEN, sent_at: SEEN });
}

beforeAll(async () => {
  api = await anApi();
  news = await aList(api, { name: 'News' });
  offers = await aList(api, { name: 'Offers' });
  const both = { email: 'Ana@Example.org', first_name: 'Ana' };
  ana = { news: (await aSubscriber(api, news, both)).id, offers: (await aSubscriber(api, offers, both)).id };
  sent = await aCampaign(api, news, { subject: 'Spring' });
  await freezeCampaign(api, sent);
  await settle(sent);
  refused = await aCampaign(api, offers, { subject: 'Summer' });
  await freezeCampaign(api, refused);
  await settle(refused, [
    anException({ i: 0, kind: 'failed', class: 'invalid_recipient', reply: '550 5.1.1 unknown' }),
  ]);
  await forceCampaign(api, sent, { launched_at: new Date('2026-05-15T09:00:00Z') });
  await forceCampaign(api, refused, { launched_at: new Date('2026-05-16T09:00:00Z') });
  await appendVisits(api.store, api.account, sent, [
    ['opened', ana.news, '2026-05-15T10:00:00Z'],
    ['opened', ana.news, '2026-05-15T09:00:30Z', { by: 'machine', rule: 'scanner' }],
    ['clicked', ana.news, '2026-05-15T10:01:00Z'],
    ['clicked', ana.news, '2026-05-16T10:01:00Z'],
  ]);
  message = (await post(api, { to: 'ana@example.org', subject: 'Receipt' })).json().data.id;
  const attempt = { n: 1, at: '2026-05-15T09:00:00.000Z', outcome: 'sent', class: 'accepted', code: '250' } as const;
  await forceMessage(api, message, {
    state: 'sent',
    attempt: 1,
    attempts: [{ ...attempt, reply: '250 ok', next: null }],
  });
});
afterAll(() => api.close());

const ask = async (email: string, query = '', key?: string) =>
  api.call(`GET /api/v1/people/${encodeURIComponent(email)}${query}`, key === undefined ? {} : { key });
const person = async (email: string, query = '', key?: string) => (await ask(email, query, key)).json().data;

test('lists with status, dates and origin; the last mails of both kinds with their replies, opens and clicks', async () => {
  const found = await person('ana@example.org');
  expect(found).toMatchObject({ email: 'ana@example.org', suppression: null, scheduled: [], why: null });
  expect(found.lists).toEqual([
    expect.objectContaining({
      list_id: news,
      list_name: 'News',
      subscriber_id: ana.news,
      status: 'active',
      source: 'api',
    }),
    expect.objectContaining({ list_id: offers, list_name: 'Offers', subscriber_id: ana.offers, unsubscribed_at: null }),
  ]);
  const nothing = { count: 0, by_machines: 0, first_at: null, last_at: null };
  expect(found.campaigns).toMatchObject([
    {
      ...{ campaign_id: refused, subject: 'Summer', list_id: offers, issue: null, state: 'failed', attempts: 1 },
      ...{ class: 'invalid_recipient', reply: '550 5.1.1 unknown', at: '2026-05-15T09:00:12+00:00' },
      ...{ opens: nothing, clicks: nothing, bounced: null, complained: null },
    },
    {
      ...{ campaign_id: sent, subscriber_id: ana.news, state: 'sent', at: '2026-05-15T09:00:20+00:00' },
      ...{ launched_at: '2026-05-15T09:00:00+00:00', class: null, reply: null },
      opens: {
        ...nothing,
        count: 1,
        by_machines: 1,
        first_at: '2026-05-15T10:00:00+00:00',
        last_at: '2026-05-15T10:00:00+00:00',
      },
      clicks: { count: 2, first_at: '2026-05-15T10:01:00+00:00', last_at: '2026-05-16T10:01:00+00:00' },
    },
  ]);
  expect(found.messages).toMatchObject([
    { message_id: message, subject: 'Receipt', state: 'sent', reply: '250 ok', at: '2026-05-15T09:00:00+00:00' },
  ]);
  expect((await person('ana@example.org', '?limit=1')).campaigns).toHaveLength(1);
});

test.each(['ANA@EXAMPLE.ORG', ' ana@example.org ', 'ana@example。org'])(
  'the address in the path is normalized as everywhere: %j',
  async (email) => {
    expect((await person(email)).email).toBe('ana@example.org');
  },
);

test.each([
  ["o'b/c+news%41@example.com", "o'b/c+news%41@example.com"],
  ['ÜBER@bücher.example', 'über@xn--bcher-kva.example'],
  ['u\u0308ber@bücher.example', 'über@xn--bcher-kva.example'],
  [`${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.ex`, undefined],
])('characters that mean something else in a path stay in the address: %j', async (email, key = email) => {
  await api.call('POST /api/v1/suppressions', { payload: { email } });
  const found = await person(email);
  expect(found).toMatchObject({ email: key, lists: [], suppression: { reason: 'manual', evidence: null } });
});

test('an address that is known only from a message or a suppression is a person; one known nowhere is 404', async () => {
  await post(api, { to: 'only@message.example' });
  expect(await person('only@message.example')).toMatchObject({
    lists: [],
    messages: [{ state: 'accepted', class: null }],
  });
  await api.deps.suppressions.add(api.account, 'only@suppressed.example', 'bounce', '550 no');
  expect((await person('only@suppressed.example')).suppression).toMatchObject({ reason: 'bounce', evidence: '550 no' });
  const answer = await ask('nowhere@example.org');
  expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'unknown_address']);
  for (const text of ['no-address', 'a@b', 'ana@example.org,bob@example.org']) {
    expect((await ask(text)).json().error).toMatchObject({
      code: 'validation_failed',
      errors: { email: [expect.any(String)] },
    });
  }
});

test('an erased person is known by the suppression alone', async () => {
  await aSubscriber(api, news, { email: 'gone@example.org' });
  await api.call('DELETE /api/v1/subscribers/gone@example.org');
  expect((await person('gone@example.org')).lists).toMatchObject([{ status: 'unsubscribed' }]);
  await api.call('DELETE /api/v1/subscribers/gone@example.org?erase=true');
  const found = await person('gone@example.org', `?campaign=${sent}`);
  expect(found).toMatchObject({ lists: [], campaigns: [], messages: [], suppression: { reason: 'erased' } });
  expect(found.why.code).toBe('erased');
});

test('what is scheduled: campaigns, next issues and messages, while the person gets them', async () => {
  const list = await aList(api, { name: 'Later' });
  await aSubscriber(api, list, { email: 'bo@example.org' });
  await aSubscriber(api, list, { email: 'cy@example.org' });
  await api.call('DELETE /api/v1/subscribers/cy@example.org');
  const campaign = await aCampaign(api, list);
  await forceCampaign(api, campaign, { state: 'scheduled', scheduled_at: new Date('2126-05-15T09:00:00Z') });
  await aCampaign(api, list);
  const weekly = {
    name: 'Weekly',
    list_id: list,
    schedule: { cron: '0 9 * * 5' },
    source: { kind: 'data' },
    html: 'x',
  };
  const newsletter = (await api.call('POST /api/v1/newsletters', { payload: weekly })).json().data.id;
  const later = (await post(api, { to: 'bo@example.org', scheduled_at: '2126-05-16T09:00:00+00:00' })).json().data.id;
  const { scheduled } = await person('bo@example.org');
  expect(scheduled).toMatchObject([
    { kind: 'issue', newsletter_id: newsletter, list_id: list, subject: 'Weekly' },
    { kind: 'campaign', campaign_id: campaign, list_id: list, at: '2126-05-15T09:00:00+00:00' },
    { kind: 'message', message_id: later, list_id: null, at: '2126-05-16T09:00:00+00:00' },
  ]);
  expect((await person('cy@example.org')).scheduled).toEqual([]);
  await api.call(`POST /api/v1/newsletters/${newsletter}/pause`, { payload: {} });
  expect((await person('bo@example.org')).scheduled.map(({ kind }: { kind: string }) => kind)).toEqual([
    'campaign',
    'message',
  ]);
  await api.deps.suppressions.add(api.account, 'bo@example.org', 'manual', null);
  expect((await person('bo@example.org')).scheduled).toEqual([]);
});

test('a campaign that is an issue of a newsletter names it', async () => {
  const { account } = api;
  const at = new Date('2026-05-15T07:00:00Z');
  const issue = await api.deps.issues.open({
    ...{ _id: '7:2026-05-15T07:00:00Z', account, newsletter: 7, kind: 'scheduled', scheduled_at: at, send_at: at },
  });
  const campaign = await aCampaign(api, news, { subject: 'Issue 12' });
  await api.deps.issues.recordPrepared(issue, { campaign, subject: 'Issue 12', feed: null });
  await freezeCampaign(api, campaign);
  await forceCampaign(api, campaign, { origin: `issue ${issue._id}` });
  const [latest] = (await person('ana@example.org')).campaigns;
  expect(latest).toMatchObject({ campaign_id: campaign, issue: { id: issue._id, newsletter_id: 7 }, state: 'pending' });
});

test('a key restricted to lists sees only those; to it every other address is unknown', async () => {
  const { key } = (await api.call('POST /api/v1/keys', { payload: { name: 'Form', lists: [offers] } })).json().data;
  await api.deps.suppressions.add(api.account, 'ana@example.org', 'bounce', '550 no such user');
  const found = await person('ana@example.org', '', key);
  expect(found.lists.map(({ list_id }: { list_id: number }) => list_id)).toEqual([offers]);
  expect(found.campaigns.map(({ campaign_id }: { campaign_id: number }) => campaign_id)).toEqual([refused]);
  expect(found).toMatchObject({ messages: null, suppression: { reason: 'bounce', evidence: null } });
  expect((await person('ana@example.org')).suppression.evidence).toBe('550 no such user');

  const none = await ask('nowhere@example.org', '', key);
  for (const hidden of ['only@message.example', 'only@suppressed.example', 'gone@example.org', 'cy@example.org']) {
    expect((await ask(hidden, '', key)).body).toBe(none.body);
  }
  expect((await person('ana@example.org', `?campaign=${refused}`, key)).why.code).toBe('failed');
  for (const query of [`?campaign=${sent}`, `?message=${message}`]) {
    expect((await ask('ana@example.org', query, key)).json().error.code).toBe('key_restricted');
  }
  await api.deps.suppressions.remove(api.account, 'ana@example.org');
});

test('the same address of another account is another person', async () => {
  const stranger = await aStranger(api);
  expect((await ask('ana@example.org', '', stranger.key)).json().error.code).toBe('unknown_address');
  const { data } = (await api.call('POST /api/v1/lists', { key: stranger.key, payload: { name: 'Theirs' } })).json();
  await api.call('POST /api/v1/subscribers', {
    key: stranger.key,
    payload: { email: 'ana@example.org', list_id: data.id },
  });
  const theirs = await person('ana@example.org', '', stranger.key);
  expect(theirs).toMatchObject({ lists: [{ list_id: data.id }], suppression: null, campaigns: [], messages: [] });
  for (const [query, status] of [
    [`?campaign=${sent}`, 403],
    [`?message=${message}`, 403],
    ['?campaign=999999', 404],
  ] as const) {
    expect([query, (await ask('ana@example.org', query, stranger.key)).statusCode]).toEqual([query, status]);
  }
});
