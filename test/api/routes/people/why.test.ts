import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LedgerPage, PageException } from '../../../../domain/campaign/ledger-page.js';
import { majorityCollection } from '../../../../store/mongo/connect.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { aCampaign, forceCampaign, freezeCampaign, rowOf } from '../../../support/api/campaigns.js';
import { forceMessage, post } from '../../../support/api/messages.js';
import { anException } from '../../../support/store/ledger-pages.js';

const NAMES = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gil', 'hal'] as const;

let api: TestApi;
let list: number;
let campaign: number;
const ids: Record<string, number> = {};

const addressOf = (name: string) => `${name}@example.com`;
const suppress = (name: string, evidence: string) =>
  api.deps.subscribers.suppress(api.account, addressOf(name), 'bounced', { reply: evidence });
const pages = () => majorityCollection<LedgerPage>(api.store, 'ledger');

beforeAll(async () => {
  api = await anApi();
  list = await aList(api, { name: 'News' });
  for (const name of NAMES) ids[name] = (await aSubscriber(api, list, { email: addressOf(name) })).id;
  await api.call(`DELETE /api/v1/subscribers/${addressOf('eve')}`);
  await suppress('fay', '550 5.1.1 no such user');
  await api.deps.suppressions.add(api.account, addressOf('gil'), 'manual', 'asked by phone');
  // The events of these changes get their sequence numbers, as a worker gives them.
  await api.deps.eventLog.assignSequences(api.account);
  campaign = await aCampaign(api, list);
});
afterAll(() => api.close());

async function why(name: string, of = campaign): Promise<{ code: string; sentence: string }> {
  return (await api.call(`GET /api/v1/people/${addressOf(name)}?campaign=${of}`)).json().data.why;
}

async function settle(exceptions: readonly PageException[]): Promise<void> {
  const marks = { settled: 4, claimed: 4, exceptions: [...exceptions], seen: new Date('2026-05-15T09:00:20Z') };
  await pages().updateOne({ campaign }, { $set: marks });
  await forceCampaign(api, campaign, { state: 'sending', reason: null });
}

test('before the freeze the sentence says what would happen', async () => {
  expect((await why('ann')).sentence).toBe(
    'Not sent: the campaign is in the state draft. As things stand, it includes this person.',
  );
  expect((await why('eve')).sentence).toContain('this person is left out: unsubscribed.');
  expect((await why('gil')).sentence).toMatch(/left out: suppressed since .* \(manual\), after "asked by phone"\.$/);
});

test('the campaign and its list add up, and each person who was left out learns why', async () => {
  await freezeCampaign(api, campaign);
  const { recipient_count, excluded } = (await api.call(`GET /api/v1/campaigns/${campaign}`)).json().data;
  expect(excluded).toEqual({ suppressed: 1, unsubscribed: 1, pending: 0, bounced: 1, complained: 0 });
  expect(recipient_count + 3).toBe(NAMES.length);
  const [row] = (await api.call('GET /api/v1/campaigns')).json().data;
  expect(row.excluded).toEqual(excluded);

  const sentences = await Promise.all(['eve', 'fay', 'gil'].map(async (name) => [name, (await why(name)).sentence]));
  expect(Object.fromEntries(sentences)).toEqual({
    eve: expect.stringMatching(/^Excluded at the freeze on .*: unsubscribed since /),
    fay: expect.stringMatching(
      /: suppressed since .* \(bounce\), after "550 5\.1\.1 no such user", counted as bounced\.$/,
    ),
    gil: expect.stringMatching(/: suppressed since .* \(manual\), after "asked by phone"\.$/),
  });
  await aSubscriber(api, list, { email: addressOf('ida') });
  expect(await why('ida')).toMatchObject({
    code: 'added_later',
    sentence: expect.stringContaining('Was not on the list'),
  });
});

test('a person who is no longer suppressed still learns that they were', async () => {
  await api.call(`DELETE /api/v1/suppressions/${addressOf('fay')}?reactivate=true`);
  await api.deps.eventLog.assignSequences(api.account);
  expect((await api.call(`GET /api/v1/people/${addressOf('fay')}`)).json().data).toMatchObject({
    suppression: null,
    lists: [{ status: 'active' }],
  });
  expect((await why('fay')).sentence).toMatch(/: the address had bounced\.$/);
});

test('a recipient learns the outcome of the ledger, whatever was changed since', async () => {
  expect(await why('ann')).toMatchObject({ code: 'pending' });
  await settle([
    anException({ i: 1, kind: 'failed', class: 'invalid_recipient', reply: '550 5.1.1 no such user' }),
    anException({ i: 2, kind: 'skipped', class: 'suppressed', code: null, reply: null }),
    anException({ i: 3, kind: 'deferred', class: 'greylisted', reply: '451 4.7.1 later' }),
  ]);
  // Suppressed after the mail was accepted.
  await suppress('ann', '550 5.1.1 gone');
  expect((await why('ann')).sentence).toBe('Sent by 2026-05-15 09:00:20 UTC: the mail server accepted the mail.');
  expect((await why('bob')).sentence).toBe(
    'Failed on 2026-05-15 09:00:12 UTC (invalid_recipient): "550 5.1.1 no such user".',
  );
  expect(await why('cid')).toMatchObject({ code: 'skipped', sentence: expect.stringContaining('after the freeze') });
  expect((await why('dan')).sentence).toMatch(/"451 4\.7\.1 later"\. Later rounds try again until /);
  expect(await why('hal')).toEqual({
    ...{ campaign_id: campaign, message_id: null, code: 'pending' },
    sentence: 'Waiting: the campaign is being sent, and has not reached this person yet.',
  });
});

test('a retried person without a page of the next round is deferred, and later learns the outcome there', async () => {
  const row = await rowOf(api, campaign);
  const due = new Date('2126-05-15T09:10:00Z');
  await forceCampaign(api, campaign, { round: 1, rounds: [...(row?.rounds ?? []), { takes: ['deferred'], due }] });
  await pages().updateOne({ campaign, round: 0 }, { $set: { 'exceptions.2.next': 1 } });
  expect((await why('dan')).sentence).toMatch(/The next attempt is due on 2126-05-15 09:10:00 UTC\.$/);
  const key = { account: api.account, campaign, launch: row?.launch ?? 0, round: 1 };
  await api.deps.rounds.addPages(key, 0, [{ ids: [ids['dan'] ?? 0], last: true }]);
  await pages().updateOne({ campaign, round: 1 }, { $set: { settled: 1, claimed: 1 } });
  expect(await why('dan')).toMatchObject({ code: 'sent' });
});

test('while the audience is being frozen, a person without a page is not called excluded', async () => {
  const other = await aCampaign(api, list);
  const { launch = 0 } = (await api.deps.campaigns.launch((await rowOf(api, other)) as never)) ?? {};
  const upTo = { up_to: ids['hal'] ?? 0, sender: null };
  const at = new Date('2126-05-15T09:00:00Z');
  const input = { account: api.account, campaign: other, launch };
  await api.deps.campaignProgress.openRound(input, 0, { takes: [], due: at }, upTo);
  await api.deps.rounds.addPages({ ...input, round: 0 }, 0, [{ ids: [ids['ann'] ?? 0], last: false }]);
  expect([(await why('ann', other)).code, (await why('gil', other)).code]).toEqual(['pending', 'freezing']);
  await api.deps.campaigns.cancel((await rowOf(api, other)) as never);
  expect((await why('gil', other)).code).toBe('cancelled');
  await api.deps.rounds.endChain({ ...input, round: 0 });
  expect((await why('gil', other)).code).toBe('cancelled');
});

test('a message is answered too: one at a time, and only about its recipient', async () => {
  const id = (await post(api, { to: addressOf('cid') })).json().data.id;
  const failed = { n: 1, at: '2026-05-15T09:00:00.000Z', outcome: 'failed', class: 'invalid_recipient' } as const;
  const attempts = [{ ...failed, code: '5.1.1', reply: '550 5.1.1 unknown', next: null }];
  await forceMessage(api, id, { state: 'failed', attempt: 1, attempts });
  const ask = async (name: string, query: string) =>
    (await api.call(`GET /api/v1/people/${addressOf(name)}?${query}`)).json();
  expect((await ask('cid', `message=${id.toUpperCase()}`)).data.why).toEqual({
    ...{ campaign_id: null, message_id: id, code: 'failed' },
    sentence: 'Failed on 2026-05-15 09:00:00 UTC (invalid_recipient): "550 5.1.1 unknown".',
  });
  expect((await ask('bob', `message=${id}`)).error.errors).toEqual({ message: [expect.any(String)] });
  expect((await ask('cid', `message=${id}&campaign=${campaign}`)).error.code).toBe('validation_failed');
});
