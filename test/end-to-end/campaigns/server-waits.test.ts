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
  readonly why: { readonly sentence: string } | null;
  readonly campaign_id: number | null;
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

/** The mails that the outage holds, and what each shows of itself. */
interface Held {
  readonly path: string;
  readonly workflow: string;
  /** The recipient to ask about, and the mail. */
  readonly person: string;
}

/** What API, Temporal UI and `why` show of one mail. */
async function told(port: number, { path, workflow, person }: Held) {
  const { data } = await shown(port, path);
  const view: View | undefined = Array.isArray(data) ? data[0] : data;
  const { why } = (await shown(port, `/people/${person}`)).data;
  const metadata = await cluster.client.workflow
    .getHandle(workflow)
    .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return { view, sentence: why?.sentence ?? '', details: metadata.currentDetails ?? '' };
}

/** How many of a kind wait for the transport, by the metrics. */
async function waitingForTransport(port: number): Promise<Record<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${KEY}` } });
  const lines = (await response.text()).matchAll(/^everpost_waiting\{kind="(\w+)",reason="transport"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, kind = '', count]) => [kind, Number(count)]));
}

async function lastReader(list: number): Promise<string> {
  const subscribers = cluster.store.db.collection<{ email: string }>('subscribers');
  return (await subscribers.findOne({ list_id: list }, { sort: { _id: -1 } }))?.email ?? '';
}

/** A campaign that has begun, and a message and an issue of a newsletter that begin when the transport is away. */
async function takenAway(port: number) {
  const campaign = await cluster.launch(200, { settings: atRate(50) });
  await cluster.untilTrue(async () => (await cluster.totals(campaign)).sent >= 50);
  isAway = true;
  const mail = { to: 'ada@example.test', subject: 'Your code', text: '123456' };
  const { id } = (await shown(port, '/messages', mail)).data;
  const newsletter = await aNewsletter(cluster.store);
  const issue = (await shown(port, `/newsletters/${newsletter._id}/trigger`, {})).data;
  const issues = `/newsletters/${newsletter._id}/issues`;
  await cluster.untilTrue(async () => (await shown(port, issues)).data[0]?.campaign_id != null);
  const ofIssue = (await shown(port, issues)).data[0]?.campaign_id ?? 0;
  const [reader, last] = await Promise.all([newsletter.list_id, campaign.list_id].map(lastReader));
  const workflow = `newsletter/${newsletter._id}/issue-${issue.id.slice(issue.id.indexOf(':') + 1)}`;
  const held: readonly Held[] = [
    {
      path: `/campaigns/${campaign._id}`,
      workflow: `campaign/${campaign._id}`,
      person: `${last}?campaign=${campaign._id}`,
    },
    { path: `/messages/${id}`, workflow: `message/${id}`, person: `ada@example.test?message=${id}` },
    { path: issues, workflow, person: `${reader}?campaign=${ofIssue}` },
  ];
  return { campaign, held, id };
}

test('a transport is taken away under a campaign, a message and a newsletter: all say so while it lasts, and afterwards', async () => {
  const port = await freePort(0);
  await cluster.api(port);
  const { campaign, held, id } = await takenAway(port);
  const all = () => Promise.all(held.map((one) => told(port, one)));
  await cluster.untilTrue(async () => (await all()).every(({ view }) => view?.waiting?.reason === 'transport'));
  await cluster.untilTrue(async () => (await all()).every(({ details }) => details.includes('transport_unavailable')));
  const [ofCampaign, ...others] = await all();
  expect(ofCampaign?.view).toMatchObject({ state: 'sending', reason: 'transport_unavailable' });
  expect(ofCampaign?.view?.waiting?.next_try).not.toBeNull();
  const waits = /Waiting since 20\S+ \S+ UTC \(transport\): .* Last reply: .+\. Next try on 20\S+ \S+ UTC\./;
  for (const one of [ofCampaign, ...others]) expect(one?.sentence).toMatch(waits);
  await cluster.untilTrue(async () => (await shown(port, '/transports')).meta.default.state === 'down');
  const { meta } = await shown(port, '/transports');
  expect(meta.default.last_error).toMatchObject({ phase: 'connect' });
  // The campaign of the issue, too.
  expect(await waitingForTransport(port)).toEqual({ campaign: 2, message: 1, issue: 0 });

  isAway = false;
  // The first accepted mail is enough: most recipients still wait for the rate.
  await cluster.untilTrue(async () => (await all())[0]?.view?.waiting === null);
  expect(await cluster.row(campaign)).toMatchObject({ state: 'sending', reason: null });
  await cluster.untilState(campaign, 'sent');
  await cluster.untilTrue(async () => (await all()).every(({ view }) => view?.state === 'sent'));
  await cluster.untilTrue(async () => (await all()).every(({ details }) => /^(?:### |\*\*)sent/.test(details)));
  const after = await all();
  expect(after.map(({ view }) => view?.waiting)).toEqual([null, null, null]);
  expect(after.map(({ details }) => details.includes('transport_unavailable'))).toEqual([false, false, false]);
  for (const { sentence } of after) expect(sentence).toMatch(/^Sent .* waited from 20.* to 20.* \(transport\w*\)\.$/);
  expect(await waitingForTransport(port)).toEqual({ campaign: 0, message: 0, issue: 0 });
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
