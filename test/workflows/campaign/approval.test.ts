import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_BRAND } from '../../../domain/brand/brand.js';
import { newApproval, requestApproval } from '../../../domain/campaign/approval.js';
import { accounts } from '../../../store/accounts/accounts.js';
import { members } from '../../../store/accounts/members.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { contents } from '../../../store/messages/contents.js';
import type { Message } from '../../../store/messages/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import type { campaign as campaignWorkflow } from '../../../workflows/campaign/campaign.js';
import { approveCampaign, campaignRowChanged, rejectCampaign } from '../../../workflows/messages/campaign.js';
import { campaignWorkflowId } from '../../../workflows/names.js';
import { type TimeSkippingEverpost, timeSkippingEverpost } from '../../support/everpost/time-skipping-everpost.js';
import { aDraft, steered } from '../../support/store/campaigns.js';
import { until } from '../../support/until.js';

const READERS = 3;
const HOURS = 72;
let everpost: TimeSkippingEverpost;

beforeAll(async () => {
  everpost = await timeSkippingEverpost();
});
afterAll(() => everpost?.close());

/** Sets the request time of the row to the present of the time-skipping server, which is days ahead. */
async function askedNow({ _id }: Campaign) {
  const { store, env } = everpost;
  const approval = requestApproval(newApproval(HOURS), new Date(await env.currentTimeMs()));
  await majorityCollection<Campaign>(store, 'campaigns').updateOne({ _id }, { $set: { approval } });
  return approval;
}

/** A campaign with an approval request at the time-skipping server's present, with its workflow running. */
async function anAskingCampaign() {
  const { store, env } = everpost;
  const draft = await aDraft(store, READERS, { approval: newApproval(HOURS) });
  const rows = members(store);
  for (const name of ['Grace', 'Ada']) {
    const email = `${name.toLowerCase()}@acme.example`;
    await rows.add(draft.account, { name, email, email_key: email, role: 'approver' });
  }
  const row = steered(await campaigns(store).launch(draft));
  const approval = await askedNow(row);
  const handle = await env.client.workflow.start<typeof campaignWorkflow>('campaign', {
    workflowId: campaignWorkflowId(row._id),
    taskQueue: everpost.taskQueue,
    args: [{ account: row.account, campaign: row._id, launch: row.launch }],
  });
  return { row: { ...row, approval }, handle };
}

const rowOf = ({ account, _id }: Campaign) => campaigns(everpost.store).find(account, _id);
const mailsAbout = ({ _id }: Campaign) =>
  majorityCollection<Message>(everpost.store, 'messages')
    .find({ key: { $regex: `^approval ${_id} ` } })
    .sort({ number: 1 })
    .toArray();
const untilMailed = (row: Campaign, count: number) =>
  until(async () => (await mailsAbout(row)).length === count, 60_000);

test('approvers are mailed once each and reminded after a day; without an answer the campaign is a draft again', async () => {
  const { row, handle } = await anAskingCampaign();
  await everpost.env.sleep('23 hours');
  await untilMailed(row, 2);
  const [first] = await mailsAbout(row);
  expect(first?.subject).toBe('Please approve: News for Grace');
  expect(first?.to).toEqual({ email: 'grace@acme.example', name: 'Grace' });
  await everpost.env.sleep('2 hours');
  await untilMailed(row, 4);
  expect((await mailsAbout(row)).at(-1)?.subject).toBe('Reminder: please approve: News for Ada');
  expect(await handle.result()).toMatchObject({ state: 'draft' });
  expect(await rowOf(row)).toMatchObject({
    reason: 'approval_expired',
    approval: { response: { decision: 'expired' } },
  });
  expect(await mailsAbout(row)).toHaveLength(4);
  expect(everpost.receiver.accepted).toHaveLength(0);
});

test('a campaign approved from the Temporal UI is sent', async () => {
  const before = everpost.receiver.accepted.length;
  const { row, handle } = await anAskingCampaign();
  await untilMailed(row, 2);
  const brand = (town: string) => ({ ...DEFAULT_BRAND, postal_address: `1 Harbour Road, ${town}` });
  await accounts(everpost.store).change(row.account, { brand: brand('Porto') });
  expect((await handle.executeUpdate(approveCampaign, { args: [{}] })).state).toBe('freezing');
  await expect(handle.executeUpdate(rejectCampaign, { args: [{}] })).rejects.toThrow();
  expect(await handle.result()).toMatchObject({ state: 'sent' });
  expect(everpost.receiver.accepted.length).toBe(before + READERS);
  const after = await rowOf(row);
  expect(after).toMatchObject({ approval: { response: { decision: 'approved', letter: after?.rendered } } });
  const { html } = await contents(everpost.store).letter(row.account, after?.rendered ?? '');
  expect(html).not.toContain('Porto');
});

test('a changed text needs a new approval from every approver; a rejection ends it', async () => {
  const { row, handle } = await anAskingCampaign();
  await untilMailed(row, 2);
  steered(await campaigns(everpost.store).edit(row, { subject: 'Another' }));
  await askedNow(row);
  await handle.signal(campaignRowChanged);
  await untilMailed(row, 4);
  expect((await mailsAbout(row)).at(-1)?.key).toMatch(new RegExp(`^approval ${row._id} 1 2 [0-9a-f]{12} 2 request$`));
  await handle.executeUpdate(rejectCampaign, { args: [{}] });
  expect(await handle.result()).toMatchObject({ state: 'draft' });
  expect((await rowOf(row))?.reason).toBe('rejected');
});
