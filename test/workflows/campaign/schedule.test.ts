import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { campaign as campaignWorkflow } from '../../../workflows/campaign/campaign.js';
import { campaignRowChanged, scheduleCampaign, sendCampaignNow } from '../../../workflows/messages/campaign.js';
import { campaignWorkflowId } from '../../../workflows/names.js';
import { type TimeSkippingEverpost, timeSkippingEverpost } from '../../support/everpost/time-skipping-everpost.js';
import { aDraft, steered } from '../../support/store/campaigns.js';

const DAY = 24 * 3_600_000;
const READERS = 3;
let everpost: TimeSkippingEverpost;

beforeAll(async () => {
  everpost = await timeSkippingEverpost();
});
afterAll(() => everpost?.close());

/** A campaign scheduled `days` after the time-skipping server's present, with its workflow running. */
async function aScheduledCampaign(days: number) {
  const draft = await aDraft(everpost.store, READERS);
  const row = steered(await campaigns(everpost.store).schedule(draft, await dayFromNow(days)));
  const handle = await everpost.env.client.workflow.start<typeof campaignWorkflow>('campaign', {
    workflowId: campaignWorkflowId(row._id),
    taskQueue: everpost.taskQueue,
    args: [{ account: row.account, campaign: row._id, launch: row.launch }],
  });
  return { row, handle };
}

async function dayFromNow(days: number): Promise<Date> {
  return new Date((await everpost.env.currentTimeMs()) + days * DAY);
}

async function stateOf({ account, _id }: Campaign) {
  return (await campaigns(everpost.store).find(account, _id))?.state;
}

test('a campaign scheduled 30 days ahead is sent on that day', async () => {
  const before = everpost.receiver.accepted.length;
  const { row, handle } = await aScheduledCampaign(30);
  await everpost.env.sleep('29 days');
  expect(await stateOf(row)).toBe('scheduled');
  expect(everpost.receiver.accepted.length).toBe(before);
  expect(await handle.result()).toMatchObject({ state: 'sent' });
  expect(everpost.receiver.accepted.length).toBe(before + READERS);
});

test('a campaign moved to a later day is sent on that day', async () => {
  const before = everpost.receiver.accepted.length;
  const { row, handle } = await aScheduledCampaign(30);
  const moved = steered(await campaigns(everpost.store).schedule(row, await dayFromNow(40)));
  await handle.signal(campaignRowChanged);
  await everpost.env.sleep('39 days');
  expect(await stateOf(moved)).toBe('scheduled');
  expect(everpost.receiver.accepted.length).toBe(before);
  expect(await handle.result()).toMatchObject({ state: 'sent' });
});

test('an operator sends a scheduled campaign now, from the Temporal UI', async () => {
  const before = everpost.receiver.accepted.length;
  const { handle } = await aScheduledCampaign(30);
  const view = await handle.executeUpdate(sendCampaignNow, { args: [{}] });
  expect(view.state).toBe('freezing');
  expect(await handle.result()).toMatchObject({ state: 'sent' });
  expect(everpost.receiver.accepted.length).toBe(before + READERS);
});

test('an operator unschedules a campaign, and no mail is sent', async () => {
  const before = everpost.receiver.accepted.length;
  const { row, handle } = await aScheduledCampaign(30);
  await handle.executeUpdate(scheduleCampaign, { args: [{ scheduled_at: null }] });
  expect(await handle.result()).toMatchObject({ state: 'draft' });
  expect(await stateOf(row)).toBe('draft');
  expect(everpost.receiver.accepted.length).toBe(before);
});

test('the validator refuses a time in the past, and nothing changes', async () => {
  const { row, handle } = await aScheduledCampaign(30);
  const past = new Date(0).toISOString();
  const refused = handle.executeUpdate(scheduleCampaign, { args: [{ scheduled_at: past }] });
  await expect(refused).rejects.toThrow();
  expect(await stateOf(row)).toBe('scheduled');
  await handle.executeUpdate(scheduleCampaign, { args: [{ scheduled_at: null }] });
  await handle.result();
});
