import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newApproval } from '../../../domain/campaign/approval.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { NewCampaign } from '../../../store/campaigns/row.js';
import {
  approveCampaign,
  CAMPAIGN_TYPE,
  campaignRowChanged,
  campaignStart,
  changeCampaignRate,
  pauseCampaign,
  resumeCampaign,
} from '../../../workflows/messages/campaign.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { steered } from '../../support/store/campaigns.js';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

const WITH_APPROVAL = { approval: newApproval(72) };
const RATE = { per_second: 500 };
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await aTestCluster();
});
afterAll(() => cluster?.close());

/** A launched campaign whose workflow has started, but has no worker yet. */
async function aLaunch(over: Partial<NewCampaign> = {}) {
  const row = steered(await campaigns(cluster.store).launch(await cluster.draft(5, over)));
  const { account, _id: campaign, launch } = row;
  const start = campaignStart(
    { prefix: cluster.place.prefix, publicUrl: 'http://everpost.test' },
    { account, campaign, launch },
    row,
  );
  return cluster.client.workflow.start(CAMPAIGN_TYPE, start);
}

/** Sends an update; `answer` resolves with its result, after a worker has begun. */
async function sent(handle: WorkflowHandle, call: (updateId: string) => Promise<unknown>, updateId: string) {
  const answer = call(updateId);
  const { namespace } = cluster.place;
  const updateRef = { workflowExecution: { workflowId: handle.workflowId }, updateId };
  await cluster.untilTrue(() =>
    cluster.client.workflowService.pollWorkflowExecutionUpdate({ namespace, updateRef }).then(
      () => true,
      () => false,
    ),
  );
  return { answer };
}

async function updated(handle: WorkflowHandle, ...calls: ((updateId: string) => Promise<unknown>)[]) {
  const updates: { answer: Promise<unknown> }[] = [];
  for (const [i, call] of calls.entries()) updates.push(await sent(handle, call, `update-${i}`));
  return { handle, count: calls.length, answers: Promise.all(updates.map(({ answer }) => answer)) };
}

/** The updates that a run received with its first workflow task. */
function updatesInFirstTask({ events }: History): number {
  let tasks = 0;
  let updates = 0;
  for (const event of events ?? []) {
    if (event.workflowTaskCompletedEventAttributes) tasks += 1;
    if (tasks === 1 && event.workflowExecutionUpdateAcceptedEventAttributes) updates += 1;
  }
  return updates;
}

async function replayed(handle: WorkflowHandle): Promise<History> {
  const history = await handle.fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history, handle.workflowId);
  return history;
}

test('campaigns replay whose first workflow task brought updates and a signal', async () => {
  const approved = await aLaunch(WITH_APPROVAL);
  const changed = await aLaunch(WITH_APPROVAL);
  const resumed = await aLaunch();
  for (const handle of [changed, resumed]) await handle.signal(campaignRowChanged);
  const all = [
    await updated(approved, (updateId) => approved.executeUpdate(approveCampaign, { args: [{}], updateId })),
    await updated(
      changed,
      (updateId) => changed.executeUpdate(changeCampaignRate, { args: [RATE], updateId }),
      (updateId) => changed.executeUpdate(approveCampaign, { args: [{}], updateId }),
    ),
    await updated(
      resumed,
      (updateId) => resumed.executeUpdate(pauseCampaign, { args: [{}], updateId }),
      (updateId) => resumed.executeUpdate(resumeCampaign, { args: [{}], updateId }),
    ),
  ];
  await cluster.worker();
  for (const { handle, count, answers } of all) {
    await answers;
    expect(await handle.result()).toMatchObject({ state: 'sent' });
    expect(updatesInFirstTask(await replayed(handle))).toBe(count);
  }
});
