import { describe, expect, test } from 'vitest';
import { deliveryActivities } from '../../../activities/campaign/delivery.js';
import { holdCampaign, releaseCampaign } from '../../../activities/campaign/holds/hold.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import type { ConnectionTrouble, Outcome } from '../../../domain/delivery/outcome.js';
import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import type { Rate } from '../../../domain/transport.js';
import type { FailoverTransport } from '../../../mail/transports/failover.js';
import type { RoundKey } from '../../../store/campaigns/ledger.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { stores } from '../../../store/stores.js';
import { aSendingCampaign as anySendingCampaign, sendingDeps } from '../../support/activities/sending-fixture.js';
import { steered } from '../../support/store/campaigns.js';
import { aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';
import { until } from '../../support/until.js';

const store = ownStore();
const whole = () => stores(store, { secret: 'secret' });
const SECOND = 1_000;
const REFUSED: ConnectionTrouble = { stage: 'connect', what: 'connect ECONNREFUSED 192.0.2.1:25' };
const accepted: Outcome = { kind: 'accepted', reply: { code: 250, text: 'ok' } };
const refused = (code: number, text: string): Outcome => ({ kind: 'refused', reply: { code, text } });

const aSendingCampaign = (readers?: number) => anySendingCampaign(store, readers);

async function rowOf({ account, _id }: Pick<Campaign, 'account' | '_id'>): Promise<Campaign> {
  const row = await whole().campaigns.find(account, _id);
  if (row === null) throw new Error('gone');
  return row;
}

/** A mail server that is down, or gives each mail the next outcome. */
function aServer(...outcomes: (Outcome | Promise<Outcome>)[]) {
  const server = {
    trouble: undefined as ConnectionTrouble | undefined,
    /** Whether it is down shows once this has resolved. */
    known: Promise.resolve(),
    notified: [] as unknown[],
    rates: [] as Rate[],
  };
  const deliver = async () => (await outcomes.shift()) ?? accepted;
  const send: FailoverTransport['send'] = (_mail, _order, settled) => void deliver().then(settled);
  const route = () => ({ id: 'default', rates: server.rates, connections: 1 });
  const routes = {
    connections: 1,
    ready: () => server.known.then(() => server.trouble),
    route,
    send,
  } as unknown as FailoverTransport;
  const notifyCampaign = async (row: unknown) => void server.notified.push(row);
  const deps = sendingDeps(store, deliver, {
    transportsFor: () => routes,
    engine: { notifyCampaign } as never,
    times: { ...PROTOCOL_TIMES, controlEvery: 20 },
  });
  return { server, ...deliveryActivities(deps), deps };
}

const inputOf = ({ account, _id: campaign }: Campaign, downs = 0) => ({
  account,
  campaign,
  launch: 1,
  round: 0,
  downs,
});
const keyOf = ({ account, _id: campaign }: Campaign) => ({ account, campaign, launch: 1, round: 0 });

async function timeline({ account, _id }: Campaign) {
  const all = await whole().events.ofCampaign(account, _id);
  return all.flatMap(({ type, data }) =>
    /held|resumed/.test(type) ? [[type, data?.['reason'], data?.['detail']]] : [],
  );
}
const HELD = ['campaign.held', 'transport_unavailable', REFUSED.what];
const RESUMED = ['campaign.resumed', 'transport_unavailable', undefined];

describe('a transport that is down', () => {
  test('holds the campaign once, however often it is tried again', async () => {
    const campaign = await aSendingCampaign();
    const { server, sendPages } = aServer();
    server.trouble = REFUSED;
    expect(await sendPages(inputOf(campaign))).toEqual({ reason: 'transport_unavailable', ms: 5 * SECOND });
    const first = await rowOf(campaign);
    expect(first).toMatchObject({ reason: 'transport_unavailable', held: { detail: REFUSED.what } });
    expect(await sendPages(inputOf(campaign, 6))).toEqual({ reason: 'transport_unavailable', ms: 300 * SECOND });
    const { held } = await rowOf(campaign);
    expect(held?.since).toEqual(first.held?.since);
    // The earlier next try of another lane still counts.
    expect(held?.next_try).toEqual(first.held?.next_try);
    expect(Number(first.held?.next_try) - Number(first.held?.at)).toBe(5 * SECOND);
    expect([await timeline(campaign), server.notified.length]).toEqual([[HELD], 1]);
  });

  test('holds it too if that shows while the attempt looks for a further page', async () => {
    const campaign = await aSendingCampaign();
    const { server, deps } = aServer();
    server.trouble = REFUSED;
    let looked = () => {};
    server.known = new Promise((resolve) => {
      looked = resolve;
    });
    const roundState = (key: RoundKey) => deps.ledger.roundState(key).finally(looked);
    const { sendPages } = deliveryActivities({ ...deps, ledger: { ...deps.ledger, roundState } });
    expect(await sendPages(inputOf(campaign))).toEqual({ reason: 'transport_unavailable', ms: 5 * SECOND });
    expect(await rowOf(campaign)).toMatchObject({ reason: 'transport_unavailable', held: { detail: REFUSED.what } });
  });

  test('holds it no longer at the first accepted mail, while others are under way', async () => {
    const campaign = await aSendingCampaign(3);
    let answer: (outcome: Outcome) => void = () => undefined;
    const slow = new Promise<Outcome>((resolve) => {
      answer = resolve;
    });
    const { server, sendPages } = aServer(accepted, slow);
    server.trouble = REFUSED;
    await sendPages(inputOf(campaign));
    server.trouble = undefined;
    const lane = sendPages(inputOf(campaign, 1));
    await until(async () => (await rowOf(campaign)).held === null);
    expect(await rowOf(campaign)).toMatchObject({ state: 'sending', reason: null });
    expect(await timeline(campaign)).toEqual([HELD, RESUMED]);
    answer(accepted);
    expect(await lane).toBe('finished');
    expect([await timeline(campaign), server.notified.length]).toEqual([[HELD, RESUMED], 2]);
  });

  test('holds nothing while another attempt works on a page; the last one that stops says so', async () => {
    const campaign = await aSendingCampaign();
    const { account, _id } = campaign;
    const other = { page: 1, ids: [9_999], token: 'another', seen: new Date() };
    await insertPages(store, [aPage({ account, campaign: _id, ...other })]);
    const { server, sendPages } = aServer();
    server.trouble = REFUSED;
    await sendPages(inputOf(campaign));
    expect(await rowOf(campaign)).toMatchObject({ reason: null });
    await majorityCollection<LedgerPage>(store, 'ledger').updateOne({ token: 'another' }, { $set: { token: null } });
    await sendPages(inputOf(campaign, 1));
    expect(await rowOf(campaign)).toMatchObject({ reason: 'transport_unavailable' });
  });
});

test.each([
  ['452 4.7.1 Hourly quota exceeded, try again in 42 minutes', 'server_quota_exceeded', 42 * 60],
  ['452 4.3.1 Insufficient system storage', 'server_full', 120],
  ['454 4.7.0 Throttling failure: maximum sending rate exceeded', 'server_rate_limited', 10],
])('the reply %s holds the campaign as %s', async (line, reason, seconds) => {
  const campaign = await aSendingCampaign(3);
  const { sendPages } = aServer(refused(Number(line.slice(0, 3)), line.slice(4)));
  // After a wait, one mail is sent first.
  expect(await sendPages(inputOf(campaign, 1))).toEqual({ reason, ms: seconds * SECOND });
  expect(await rowOf(campaign)).toMatchObject({ reason, held: { detail: line } });
});

test('a connection that breaks before the body holds the campaign; the detail has no address', async () => {
  const campaign = await aSendingCampaign(3);
  const why = { stage: 'envelope', what: 'closed after RCPT TO:<ada@example.org>' } as const;
  const { sendPages } = aServer({ kind: 'not_handed_over', why });
  expect(await sendPages(inputOf(campaign, 1))).toEqual({ reason: 'transport_unavailable', ms: 10 * SECOND });
  expect((await rowOf(campaign)).held?.detail).toBe('envelope: closed after RCPT TO:<…>');
});

describe('a rate that other mail uses up', () => {
  const rates: Rate[] = [{ key: 'account:1', perSecond: 3 }];
  const none = { tokens: 0, wait: 300, by: { key: 'account:1', perSecond: 3 } };

  async function starved(grants: { tokens: number; wait: number }[]) {
    const campaign = await aSendingCampaign(2);
    const { server, deps } = aServer();
    server.rates = rates;
    const lease = async () => grants.shift() ?? none;
    const times = { ...deps.times, firstRetry: 600, attempt: 2_000 };
    const lane = deliveryActivities({ ...deps, times, tokenBuckets: { ...deps.tokenBuckets, lease } }).sendPages(
      inputOf(campaign),
    );
    return { campaign, lane, grants };
  }

  test('holds the campaign until it gets a token', async () => {
    const { campaign, lane, grants } = await starved([]);
    await until(async () => (await rowOf(campaign)).held != null);
    const detail = 'The account allows 3 mails a second.';
    expect(await rowOf(campaign)).toMatchObject({ reason: 'rate_limit', held: { next_try: null, detail } });
    for (let n = 0; n < 4; n += 1) grants.push({ tokens: 1, wait: 0 });
    expect(await lane).toBe('finished');
    expect(await rowOf(campaign)).toMatchObject({ reason: null, held: null });
    expect(await timeline(campaign)).toEqual([
      ['campaign.held', 'rate_limit', detail],
      ['campaign.resumed', 'rate_limit', undefined],
    ]);
  });

  test('does not hold a campaign of which another lane sends', async () => {
    const { campaign, lane } = await starved([]);
    const { account, _id } = campaign;
    await insertPages(store, [aPage({ account, campaign: _id, page: 1, ids: [1, 2, 3, 4, 5, 6, 7, 8] })]);
    const pages = majorityCollection<LedgerPage>(store, 'ledger');
    const other = setInterval(() => void pages.updateOne({ campaign: _id, page: 1 }, { $inc: { settled: 1 } }), 5);
    await lane.finally(() => clearInterval(other));
    expect(await timeline(campaign)).toEqual([]);
  });
});

test('a pause replaces a hold, and a resume begins anew', async () => {
  const campaign = await aSendingCampaign();
  const { deps } = aServer();
  const hold = { reason: 'transport_unavailable', ms: 5_000, detail: REFUSED.what } as const;
  await holdCampaign(deps, keyOf(campaign), hold);
  const paused = steered(await whole().campaigns.pause(await rowOf(campaign), null, { detail: 'By hand.' }));
  expect(paused).toMatchObject({ reason: null, held: { next_try: null, detail: 'By hand.' } });
  // A lane that stops now, and mail that is accepted now, change nothing.
  await holdCampaign(deps, keyOf(campaign), hold);
  await releaseCampaign(deps, paused);
  expect((await rowOf(campaign)).held).toEqual(paused.held);
  expect(steered(await whole().campaigns.resume(paused))).toMatchObject({ state: 'sending', held: null });
});

test('a process that is killed between the event and the row of a resume: the next proof ends the hold, with one event', async () => {
  const campaign = await aSendingCampaign();
  const { deps } = aServer();
  await holdCampaign(deps, keyOf(campaign), { reason: 'transport_unavailable', ms: 5_000, detail: REFUSED.what });
  const held = await rowOf(campaign);
  const killed = { ...deps.campaignHolds, release: () => Promise.reject(new Error('killed')) };
  await expect(releaseCampaign({ ...deps, campaignHolds: killed }, held)).rejects.toThrow('killed');
  expect((await rowOf(campaign)).held).not.toBeNull();
  await releaseCampaign(deps, held);
  expect((await rowOf(campaign)).held).toBeNull();
  expect(await timeline(campaign)).toEqual([HELD, RESUMED]);
});
