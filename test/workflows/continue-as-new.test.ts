import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../clock.js';
import { newApproval } from '../../domain/campaign/approval.js';
import { calendarOf } from '../../domain/newsletter/cron.js';
import { issueId } from '../../domain/newsletter/issue.js';
import { accounts } from '../../store/accounts/accounts.js';
import { members } from '../../store/accounts/members.js';
import { campaigns } from '../../store/campaigns/campaigns.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Message } from '../../store/messages/row.js';
import { majorityCollection } from '../../store/mongo/connect.js';
import { issues } from '../../store/newsletters/issues.js';
import {
  approveCampaign,
  CAMPAIGN_TYPE,
  campaignRowChanged,
  campaignStart,
  changeCampaignRate,
  pauseCampaign,
  resumeCampaign,
  sendCampaignNow,
} from '../../workflows/messages/campaign.js';
import { ISSUE_TYPE, issueRowChanged, issueStart } from '../../workflows/messages/newsletter.js';
import { atRate } from '../support/end-to-end/campaign-settings.js';
import { aTestCluster, type TestCluster } from '../support/end-to-end/test-cluster.js';
import { aFeed, fails, webServer } from '../support/scripted/web-server.js';
import { steered } from '../support/store/campaigns.js';
import { aNewsletter, issuesOf } from '../support/store/newsletters.js';

/** More events than a run needs between two waits. */
const LONGEST = 60;
const LIMIT = { timeout: 120_000 };
let cluster: TestCluster;
let site: Awaited<ReturnType<typeof webServer>>;

beforeAll(async () => {
  cluster = await aTestCluster();
  site = await webServer(fails(503));
  await cluster.worker({ environment: { ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });
  const { _id: account } = await accounts(cluster.store).ensureFirst();
  const email = 'grace@acme.example';
  await members(cluster.store).add(account, { name: 'Grace', email, email_key: email, role: 'approver' });
});
afterAll(async () => {
  await cluster?.close();
  await site?.close();
});

/** Signals the workflow repeatedly until another run has taken over, and waits for each signal to be handled. */
async function untilTurned(handle: WorkflowHandle, call: () => Promise<unknown>): Promise<void> {
  const { runId } = await handle.describe();
  await cluster.untilTrue(async () => {
    await call();
    await cluster.untilIdle(handle.workflowId);
    return (await handle.describe()).runId !== runId;
  });
}
const mailsTo = (who: string) => cluster.receiver.accepted.filter(({ to }) => to.some((one) => one.startsWith(who)));
/** Mails to Grace, accepted or not. */
const questionsAbout = ({ _id }: Campaign) =>
  majorityCollection<Message>(cluster.store, 'messages').countDocuments({ key: { $regex: `^approval ${_id} ` } });
const untilState = async (row: Campaign, state: Campaign['state']) => {
  await cluster.untilState(row, state);
  return cluster.row(row);
};

const settings = () => ({ prefix: cluster.place.prefix, publicUrl: 'http://everpost.test' });

async function begun(row: Campaign) {
  const input = { account: row.account, campaign: row._id, launch: row.launch, longestHistory: LONGEST };
  return cluster.client.workflow.start(CAMPAIGN_TYPE, campaignStart(settings(), input, row));
}

test(
  'an issue continues in another run while it waits for its source and for its campaign, and is sent once',
  LIMIT,
  async () => {
    const upTo = (most: number) => Array.from({ length: most }, (_, i) => i);
    const newsletter = await aNewsletter(cluster.store, {
      calendars: [calendarOf({ hour: upTo(24), minute: upTo(60) })],
      end_at: now(),
      source: { kind: 'feed', url: site.url, max_items: 5 },
      html: null,
      approval_hours: 24,
    });
    const { account, _id } = newsletter;
    const scheduled_at = new Date(Math.floor(now().getTime() / 60_000 - 1) * 60_000);
    const own = { _id: issueId(_id, scheduled_at), account, newsletter: _id };
    const send_at = new Date(now().getTime() + 3_600_000);
    await issues(cluster.store).open({ ...own, kind: 'triggered', scheduled_at, send_at });
    const ref = { account, newsletter: _id, scheduledAt: scheduled_at.toISOString(), longestHistory: LONGEST };
    const handle = await cluster.client.workflow.start(ISSUE_TYPE, issueStart(settings(), ref, newsletter.name));
    const signalRowChange = () => handle.signal(issueRowChanged);
    const issue = async () => (await issuesOf(cluster.store, newsletter)).at(0);

    await untilTurned(handle, signalRowChange);
    expect((await issue())?.state).toBe('preparing');
    site.show(aFeed('Tulips'));
    await signalRowChange();
    await cluster.untilTrue(async () => (await issue())?.state === 'launched');
    await untilTurned(handle, signalRowChange);
    const asking = await campaigns(cluster.store).find(account, (await issue())?.campaign ?? 0);
    await cluster.untilTrue(async () => asking !== null && (await cluster.row(asking)).rendered != null);
    await campaigns(cluster.store).approve(await cluster.row(asking as Campaign), { member: null, comment: null });
    await cluster.notify(asking as Campaign);
    expect(await handle.result()).toBe('sent');

    expect(await issuesOf(cluster.store, newsletter)).toHaveLength(1);
    expect(await cluster.store.db.collection('campaigns').countDocuments({ origin: `issue ${own._id}` })).toBe(1);
    expect(mailsTo('reader')).toHaveLength(1);
    const events = await cluster.store.db.collection('events').find({ 'data.issue': own._id }).toArray();
    const types = events.map(({ type }) => String(type).replace('newsletter.issue_', ''));
    expect(types.sort()).toEqual(['begun', 'launched', 'sent']);
  },
);

test(
  'a campaign continues in another run while it awaits approval, is scheduled and paused; no recipient is mailed twice',
  LIMIT,
  async () => {
    const READERS = 60;
    const before = mailsTo('reader').length;
    const draft = await cluster.draft(READERS, { approval: newApproval(72), settings: atRate(30) });
    const tomorrow = new Date(now().getTime() + 86_400_000);
    const row = steered(await campaigns(cluster.store).schedule(draft, tomorrow));
    const handle = await begun(row);
    const signalRowChange = () => handle.signal(campaignRowChanged);

    await untilTurned(handle, signalRowChange);
    expect((await handle.executeUpdate(approveCampaign, { args: [{}] })).state).toBe('scheduled');
    await untilTurned(handle, signalRowChange);
    expect((await handle.executeUpdate(sendCampaignNow, { args: [{}] })).state).toBe('freezing');
    await cluster.untilTrue(() => mailsTo('reader').length >= before + 10);
    // The receiver holds its replies until the pause, or the campaign could finish before that on a busy machine.
    const letGo = cluster.receiver.hold();
    expect((await handle.executeUpdate(pauseCampaign, { args: [{}] })).state).toBe('paused');
    letGo();
    let per_second = 100;
    await untilTurned(handle, () => {
      per_second += 1;
      return handle.executeUpdate(changeCampaignRate, { args: [{ per_second }] });
    });
    expect(await untilState(row, 'paused')).toMatchObject({ want: { rate: per_second } });
    expect((await handle.executeUpdate(resumeCampaign, { args: [{}] })).state).toBe('sending');
    expect(await handle.result()).toMatchObject({ state: 'sent' });

    expect(new Set(mailsTo('reader').flatMap(({ to }) => to)).size).toBe(before + READERS);
    expect(mailsTo('reader')).toHaveLength(before + READERS);
    expect(await questionsAbout(row)).toBe(1);
  },
);

test.each([
  ['asked about', newApproval(72)],
  ['sent', null],
])(
  'a campaign that must not be sent continues in another run; corrected and resumed, it is %s',
  LIMIT,
  async (_, approval) => {
    const html = '<p><a href="/prices">Prices</a></p>';
    const row = steered(await campaigns(cluster.store).launch(await cluster.draft(1, { approval, html })));
    const handle = await begun(row);
    const blocked = await untilState(row, 'paused');
    await untilTurned(handle, () => handle.signal(campaignRowChanged));
    steered(await campaigns(cluster.store).edit(blocked, { html: '<p>Prices</p>' }));
    await handle.executeUpdate(resumeCampaign, { args: [{}] });
    if (approval !== null) {
      await cluster.untilTrue(async () => (await questionsAbout(row)) > 0);
      await handle.executeUpdate(approveCampaign, { args: [{}] });
    }
    expect(await handle.result()).toMatchObject({ state: 'sent' });
  },
);
