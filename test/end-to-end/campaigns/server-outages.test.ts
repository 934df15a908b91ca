import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../../servers/ports.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { pauseCampaign, resumeCampaign } from '../../../workflows/messages/campaign.js';
import { campaignWorkflowId } from '../../../workflows/names.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import type { Child } from '../../support/end-to-end/child.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { type OwnServers, ownServers } from '../../support/end-to-end/own-servers.js';
import { KEY } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { aNewsletter } from '../../support/store/newsletters.js';

/** A lease longer than the start of a server on a busy machine. */
const LONGER = { lease: 40_000, trust: 25_000, renewEvery: 3_000, startToClose: 200_000, resendAfter: 300_000 };

/** Of `/ready`. */
const WELL = { status: 'ok', temporal: 'reachable' };

const OVERDUE = new Date(0);

let servers: OwnServers;
let cluster: TestCluster;
/** A worker that runs through all outages of the servers. */
let worker: Child;
/** Address of an API that runs through the outages from its first use on. */
let api: string | undefined;
beforeAll(async () => {
  servers = await ownServers();
  cluster = await aTestCluster({ servers, times: LONGER, sweepEvery: 1_000 });
});
afterAll(async () => {
  await cluster?.close();
  await servers?.close();
});

/** Starts a campaign with a rate and resolves when this many mails have arrived. */
async function inMidCampaign(readers: number, perSecond: number): Promise<Campaign> {
  const before = cluster.receiver.accepted.length;
  const campaign = await cluster.launch(readers, { settings: atRate(perSecond) });
  await cluster.receiver.untilAccepted(before + perSecond);
  return campaign;
}

/** Makes a row due for the sweep. */
async function makeDue(collection: 'campaigns' | 'newsletters', { _id }: { readonly _id: number }): Promise<void> {
  await cluster.store.db.collection<Campaign>(collection).updateOne({ _id }, { $set: { sweep_at: OVERDUE } });
}

/** Whether the newsletter has a Schedule in Temporal. */
async function isScheduled({ _id }: { readonly _id: number }): Promise<boolean> {
  const handle = cluster.client.schedule.getHandle(`${cluster.place.prefix}/newsletter/${_id}`);
  return handle.describe().then(
    () => true,
    () => false,
  );
}

async function expectAllSent(campaign: Campaign): Promise<void> {
  await cluster.untilState(campaign, 'sent');
  const { totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals).toMatchObject({ sent: totals.recipients, uncertain: 0 });
}

test('a pause survives a restart of worker, Temporal and MongoDB; a resume then finishes the campaign', async () => {
  const { receiver } = cluster;
  // Every lane is in an attempt when the campaign is paused; between two attempts a lane would take one more page.
  const first = await cluster.worker({ times: { ...cluster.times, attempt: 20_000 } });
  const campaign = await inMidCampaign(600, 150);
  const operator = cluster.client.workflow.getHandle(campaignWorkflowId(campaign._id));
  // The receiver holds its replies until the pause, or the campaign could finish before that on a busy machine.
  const letGo = receiver.hold();
  await operator.executeUpdate(pauseCampaign, { args: [{}] });
  letGo();
  await cluster.untilAtRest(campaign);
  const sentSoFar = receiver.accepted.length;

  await first.end('SIGKILL');
  await servers.killTemporal();
  await servers.killMongo();
  await servers.startMongo();
  await servers.startTemporal();
  await makeDue('campaigns', campaign);
  worker = await cluster.worker();
  // The sweep has checked the campaign and postponed the next check.
  await cluster.untilTrue(async () => (await cluster.row(campaign)).sweep_at?.getTime() !== OVERDUE.getTime());
  expect((await cluster.row(campaign)).state).toBe('paused');
  const still = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(still.totals).toMatchObject({ sent: sentSoFar, pending: 600 - sentSoFar, uncertain: 0 });
  expect(receiver.accepted).toHaveLength(sentSoFar);

  await operator.executeUpdate(resumeCampaign, { args: [{}] });
  await expectAllSent(campaign);
});

test('a restart of MongoDB during a campaign leaves no recipient uncertain', async () => {
  const campaign = await inMidCampaign(600, 200);
  await servers.killMongo();
  await servers.startMongo();
  await expectAllSent(campaign);
});

test('a restart of Temporal during a campaign leaves no recipient uncertain', async () => {
  const campaign = await inMidCampaign(600, 100);
  await servers.killTemporal();
  await servers.startTemporal();
  await expectAllSent(campaign);
});

test('/ready names the servers that are frozen, while they are: it does not wait for their answers', async () => {
  const address = await apiAddress();
  const ready = async () => {
    const response = await fetch(`${address}/ready`);
    return [response.status, await response.json()];
  };
  const untilWell = () => cluster.untilTrue(async () => isDeepStrictEqual(await ready(), [200, WELL]));
  await untilWell();
  expect(await servers.whileFrozen(['temporal'], ready)).toEqual([200, { status: 'ok', temporal: 'no_answer' }]);
  const unavailable = { code: 'unavailable', message: 'MongoDB did not answer within 400 ms.' };
  expect(await servers.whileFrozen(['mongo', 'temporal'], ready)).toEqual([503, { error: unavailable }]);
  await untilWell();
});

test('an emptied Temporal, without its namespace, gets back namespace, Schedules and workflows from running processes', async () => {
  const newsletter = await aNewsletter(cluster.store);
  await cluster.untilTrue(() => isScheduled(newsletter));
  const campaign = await inMidCampaign(600, 100);
  await servers.killTemporal();
  await servers.emptyTemporal();
  const later = await sentByRequest();
  // Neither worker nor API is restarted.
  await servers.startTemporal();
  await makeDue('campaigns', campaign);
  await makeDue('newsletters', newsletter);
  for (const one of [campaign, later]) await expectAllSent(one);
  await cluster.untilTrue(() => isScheduled(newsletter));
  const after = await cluster.launch(20);
  await expectAllSent(after);
  expect(await worker.end('SIGTERM')).toBe('0');
});

async function apiAddress(): Promise<string> {
  if (api === undefined) {
    const port = await freePort(0);
    await cluster.api(port);
    api = `http://127.0.0.1:${port}`;
  }
  return api;
}

/** A campaign created by the test and sent through an API that cannot reach Temporal. */
async function sentByRequest(): Promise<Campaign> {
  const draft = await cluster.draft(50);
  const answer = await fetch(`${await apiAddress()}/api/v1/campaigns/${draft._id}/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(answer.status).toBe(200);
  expect((await cluster.row(draft)).state).toBe('freezing');
  return draft;
}
