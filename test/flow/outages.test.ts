import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../servers/ports.js';
import type { Campaign } from '../../store/campaigns.js';
import { pauseCampaign, resumeCampaign } from '../../workflows/messages.js';
import { campaignWorkflowId } from '../../workflows/names.js';
import type { Child } from '../support/flow/child.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { NATIVE_NAMESPACE, type OwnServers, ownServers } from '../support/flow/own-servers.js';
import { KEY } from '../support/flow/plan.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

/** A lease that outlasts the start of a server on a busy machine. */
const LONGER = { lease: 40_000, trust: 25_000, renewEvery: 3_000, startToClose: 200_000, resendAfter: 300_000 };

const OVERDUE = new Date(0);

let servers: OwnServers;
let world: World;
/** It lives through what befalls the servers. */
let worker: Child;
beforeAll(async () => {
  servers = await ownServers();
  world = await aWorld({ servers, namespace: NATIVE_NAMESPACE, times: LONGER });
});
afterAll(async () => {
  await world?.close();
  await servers?.close();
});

/** A campaign at a rate, and when so many of its mails have arrived. */
async function inMidCampaign(readers: number, perSecond: number): Promise<Campaign> {
  const before = world.receiver.accepted.length;
  const campaign = await world.launch(readers, { settings: atRate(perSecond) });
  await world.receiver.untilAccepted(before + perSecond);
  return campaign;
}

/** The sweep looks at it next. */
async function owe({ _id }: Campaign): Promise<void> {
  await world.store.db.collection<Campaign>('campaigns').updateOne({ _id }, { $set: { wake_at: OVERDUE } });
}

async function expectAllSent(campaign: Campaign): Promise<void> {
  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals).toMatchObject({ sent: totals.recipients, uncertain: 0 });
}

test('a pause survives a restart of worker, Temporal and MongoDB; a resume then finishes the campaign', async () => {
  const { receiver } = world;
  // No lane is between two attempts when it is paused: it would take a page once more.
  const first = await world.worker({ times: { ...world.times, attempt: 20_000 } });
  const campaign = await inMidCampaign(600, 150);
  const operator = world.client.workflow.getHandle(campaignWorkflowId(campaign._id));
  // Nothing more is answered until it is paused: on a busy machine the campaign would be through before.
  const letGo = receiver.hold();
  await operator.executeUpdate(pauseCampaign, { args: [{}] });
  letGo();
  await world.untilAtRest(campaign);
  const sentSoFar = receiver.accepted.length;

  await first.end('SIGKILL');
  await servers.killTemporal();
  await servers.killMongo();
  await servers.startMongo();
  await servers.startTemporal();
  await owe(campaign);
  worker = await world.worker();
  // The sweep has looked at the campaign and put the next look off.
  await world.untilTrue(async () => (await world.row(campaign)).wake_at?.getTime() !== OVERDUE.getTime());
  expect((await world.row(campaign)).state).toBe('paused');
  const still = await expectHonestLedger(world, campaign);
  expect(still.totals).toMatchObject({ sent: sentSoFar, pending: 600 - sentSoFar, uncertain: 0 });
  expect(receiver.accepted).toHaveLength(sentSoFar);

  await operator.executeUpdate(resumeCampaign, { args: [{}] });
  await expectAllSent(campaign);
});

test('a restart of MongoDB in mid-campaign leaves nobody in doubt', async () => {
  const campaign = await inMidCampaign(600, 200);
  await servers.killMongo();
  await servers.startMongo();
  await expectAllSent(campaign);
});

test('a restart of Temporal in mid-campaign leaves nobody in doubt', async () => {
  const campaign = await inMidCampaign(600, 100);
  await servers.killTemporal();
  await servers.startTemporal();
  await expectAllSent(campaign);
});

test('what an emptied Temporal has forgotten is started again, also what was sent while it was down', async () => {
  const campaign = await inMidCampaign(600, 100);
  await servers.killTemporal();
  await servers.emptyTemporal();
  const later = await sentByRequest();
  // Nobody restarts the worker: it finds that its sweep is gone.
  await servers.startTemporal();
  await owe(campaign);
  for (const one of [campaign, later]) await expectAllSent(one);
  expect(await worker.end('SIGTERM')).toBe('0');
});

/** A campaign created by the test and sent through an API that cannot reach Temporal. */
async function sentByRequest(): Promise<Campaign> {
  const port = await freePort(0);
  await world.api(port);
  const draft = await world.draft(50);
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/campaigns/${draft._id}/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(answer.status).toBe(200);
  expect((await world.row(draft)).state).toBe('freezing');
  return draft;
}
