import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../../servers/ports.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { KEY } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { aNewsletter } from '../../support/store/newsletters.js';

const QUOTA = '452 4.7.1 Hourly quota exceeded, try again in 2 seconds';
let cluster: TestCluster;
let isOverQuota = false;
let isBusy = false;
let isAway = false;
let refusals = 0;

beforeAll(async () => {
  const on = (step: string) => {
    if (isAway) return 'drop';
    if (step !== 'mail' || !isOverQuota) return undefined;
    refusals += 1;
    return QUOTA;
  };
  const onRcpt = (address: string) => (isBusy && /busy/.test(address) ? '421 4.3.2 not now' : undefined);
  cluster = await aTestCluster({ script: { on, onRcpt }, times: { firstRetry: 1_000 } });
  await cluster.worker();
});
afterAll(() => cluster?.close());

interface View {
  readonly id: string;
  readonly type: string;
  readonly event: string;
  readonly state: string;
  readonly last_error: object | null;
  readonly waiting: { readonly reason: string; readonly next_try: string | null } | null;
  readonly timeline: readonly View[];
  readonly default: View;
}

/** What the API shows: one thing, or several. */
async function shown(port: number, path: string, body?: object): Promise<{ data: View & View[]; meta: View }> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, init);
  return (await answer.json()) as { data: View & View[]; meta: View };
}

test('a server whose quota is exceeded stops the lanes, counts no bounce, and gets the mail afterwards', async () => {
  isOverQuota = true;
  const campaign = await cluster.launch(600);
  await cluster.untilTrue(async () => (await cluster.row(campaign)).reason === 'server_quota_exceeded');
  await cluster.untilAtRest(campaign);
  // What was on its way at the first reply, and few probes.
  expect(refusals).toBeLessThan(150);
  isOverQuota = false;
  await cluster.untilState(campaign, 'sent');
  expect((await expectLedgerMatchesReceiver(cluster, campaign)).totals).toMatchObject({ sent: 600, failed: 0 });
  expect(await cluster.store.db.collection('soft_bounces').countDocuments()).toBe(0);
  expect(await cluster.store.db.collection('suppressions').countDocuments()).toBe(0);
});

test('recipients at a domain that defers do not hold those at another', async () => {
  isBusy = true;
  const draft = await cluster.draft(1_200);
  const subscribers = cluster.store.db.collection<{ _id: number }>('subscribers');
  const own = await subscribers.find({ list_id: draft.list_id }).sort({ _id: 1 }).limit(600).toArray();
  const move = own.map(({ _id }) => {
    const email = `reader${_id}@busy.example`;
    return { updateOne: { filter: { _id }, update: { $set: { email, email_key: email } } } };
  });
  await subscribers.bulkWrite(move);
  const campaign = await cluster.begin(draft);
  await cluster.untilTrue(async () => (await cluster.totals(campaign)).sent === 600);
  expect((await cluster.row(campaign)).reason).toBeNull();
  isBusy = false;
  await cluster.untilState(campaign, 'sent');
  expect((await cluster.totals(campaign)).sent).toBe(1_200);
});

test('a transport is taken away under a campaign, a message and a newsletter: all say so while it lasts, and afterwards', async () => {
  const port = await freePort(0);
  await cluster.api(port);
  const campaign = await cluster.launch(200, { settings: atRate(50) });
  await cluster.untilTrue(async () => (await cluster.totals(campaign)).sent >= 50);
  isAway = true;
  const mail = { to: 'ada@example.test', subject: 'Your code', text: '123456' };
  const { id } = (await shown(port, '/messages', mail)).data;
  const newsletter = await aNewsletter(cluster.store);
  await shown(port, `/newsletters/${newsletter._id}/trigger`, {});
  const paths = [`/campaigns/${campaign._id}`, `/messages/${id}`, `/newsletters/${newsletter._id}/issues`];
  const views = async () => {
    const all = await Promise.all(paths.map((path) => shown(port, path)));
    return all.map(({ data }): View | undefined => (Array.isArray(data) ? data[0] : data));
  };
  const reasons = async () => (await views()).map((view) => view?.waiting?.reason);
  await cluster.untilTrue(async () => (await reasons()).every((reason) => reason === 'transport'));
  const [held] = await views();
  expect(held).toMatchObject({ state: 'sending', reason: 'transport_unavailable' });
  expect(held?.waiting?.next_try).not.toBeNull();
  await cluster.untilTrue(async () => (await shown(port, '/transports')).meta.default.state === 'down');
  const { meta } = await shown(port, '/transports');
  expect(meta.default.last_error).toMatchObject({ phase: 'connect' });

  isAway = false;
  // The first accepted mail is enough: most recipients still wait for the rate.
  await cluster.untilTrue(async () => (await views())[0]?.waiting === null);
  expect(await cluster.row(campaign)).toMatchObject({ state: 'sending', reason: null });
  await cluster.untilState(campaign, 'sent');
  await cluster.untilTrue(async () => (await views()).every((view) => view?.state === 'sent'));
  expect(await reasons()).toEqual([undefined, undefined, undefined]);
  expect((await shown(port, '/transports')).meta.default).toMatchObject({
    state: 'up',
    last_error: { phase: 'connect' },
  });
  const events = (await shown(port, `/events?campaign=${campaign._id}&limit=1000`)).data;
  const holds = events.flatMap(({ type }) => (/held|resumed/.test(type) ? [type] : []));
  expect(holds).toEqual(['campaign.held', 'campaign.resumed']);
  const timeline = (await shown(port, `/messages/${id}`)).data.timeline.map(({ event }) => event);
  expect(timeline).toEqual(['accepted', 'held', 'resumed', 'sent']);
});
