import { afterAll, beforeAll, expect, test } from 'vitest';
import { accounts, FIRST_ACCOUNT } from '../../../store/accounts/accounts.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { usageReading } from '../../../store/quotas/usage.js';
import type { campaign as campaignWorkflow } from '../../../workflows/campaign/campaign.js';
import { campaignRowChanged } from '../../../workflows/messages/campaign.js';
import { campaignWorkflowId } from '../../../workflows/names.js';
import { type TimeSkippingEverpost, timeSkippingEverpost } from '../../support/everpost/time-skipping-everpost.js';
import { aDraft, steered } from '../../support/store/campaigns.js';

let everpost: TimeSkippingEverpost;

beforeAll(async () => {
  everpost = await timeSkippingEverpost();
  await accounts(everpost.store).ensureFirst();
});
afterAll(() => everpost?.close());

test('a launch over the quota is paused before its first mail; with a larger plan a resume sends and settles it', async () => {
  const { store, env, receiver } = everpost;
  await accounts(store).setPlan(FIRST_ACCOUNT, { emails_per_month: 2 });
  const row = steered(await campaigns(store).launch(await aDraft(store, 3, { account: FIRST_ACCOUNT })));
  const input = { account: row.account, campaign: row._id, launch: row.launch };
  const handle = await env.client.workflow.start<typeof campaignWorkflow>('campaign', {
    workflowId: campaignWorkflowId(row._id),
    taskQueue: everpost.taskQueue,
    args: [input],
  });
  const now = () => campaigns(store).find(row.account, row._id);
  await expect.poll(now, { timeout: 60_000 }).toMatchObject({ state: 'paused', reason: 'quota_exceeded' });
  const pausedEvent = () => store.db.collection('events').findOne({ campaign: row._id, type: 'campaign.paused' });
  await expect.poll(pausedEvent, { timeout: 60_000 }).toMatchObject({ data: { reason: 'quota_exceeded' } });

  await accounts(store).setPlan(FIRST_ACCOUNT, { emails_per_month: 10 });
  const paused = await now();
  if (paused === null) throw new Error('the campaign is gone');
  steered(await campaigns(store).resume(paused));
  await handle.signal(campaignRowChanged);
  expect(await handle.result()).toMatchObject({ state: 'sent' });
  expect(receiver.accepted).toHaveLength(3);
  expect(await usageReading(store).meters(FIRST_ACCOUNT, new Date())).toMatchObject({
    emails: { used: 3, reserved: 0 },
  });
});
