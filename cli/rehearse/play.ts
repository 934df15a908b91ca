import { timesAfter } from '../../domain/newsletter/timetable.js';
import type { Campaign } from '../../store/campaigns.js';
import type { Newsletter } from '../../store/newsletters.js';
import { ISSUE_TYPE, issueStart } from '../../workflows/messages/newsletter.js';
import { CAMPAIGN_TYPE, campaignStart, lookAtCampaign } from '../../workflows/messages.js';
import { type CampaignScene, campaignSteps, type Part } from './campaign-steps.js';
import { issueSteps, type Outlook } from './issue-steps.js';
import { PREFIX, type Stage } from './stage.js';
import type { Timeline } from './timeline.js';

export interface Wishes {
  /** Issues of a newsletter that are played. */
  readonly issues: number;
  readonly answer: Part['answer'];
}

/** The next issues of a newsletter, one after the other: each through its own workflow, then its campaign's. */
export async function playNewsletter(
  stage: Stage,
  line: Timeline,
  newsletter: Newsletter,
  outlook: Outlook,
  wishes: Wishes,
): Promise<number> {
  const { account, _id } = newsletter;
  const times = timesAfter(newsletter, new Date(await stage.now()), wishes.issues);
  let sendAt: number | null = null;
  const basis = partOf(outlook, newsletter.settings.rate_per_second, newsletter.approval_hours, wishes);
  const scene: CampaignScene = {
    part: { ...basis, sendAt: null },
    line: indented(line),
    tell: (campaign) => told(stage, campaign),
    hold: stage.hold,
  };
  const launched = (at: number) => {
    sendAt = at;
  };
  const steps = {
    ...issueSteps({ newsletter, outlook, line, launched, hold: stage.hold }),
    ...campaignSteps(() => ({ ...scene, part: { ...basis, sendAt } })),
  };
  await stage.perform(steps, async () => {
    for (const [i, time] of times.entries()) {
      sendAt = null;
      const start = issueStart(PREFIX, { account, newsletter: _id, scheduledAt: time.toISOString() });
      await stage.run(ISSUE_TYPE, start);
      if (sendAt !== null) await playLaunch(stage, account, i + 1);
    }
  });
  return times.length;
}

/** A campaign, as if it were launched now. */
export async function playCampaign(
  stage: Stage,
  line: Timeline,
  row: Campaign,
  outlook: Outlook,
  wishes: Wishes,
): Promise<void> {
  const rate = row.want.rate ?? row.settings.rate_per_second;
  const part = {
    ...partOf(outlook, rate, row.approval?.hours ?? null, wishes),
    sendAt: row.scheduled_at?.getTime() ?? null,
  };
  const scene: CampaignScene = { part, line, tell: (campaign) => told(stage, campaign), hold: stage.hold };
  await stage.perform(
    campaignSteps(() => scene),
    () => playLaunch(stage, row.account, row._id),
  );
}

function partOf({ people, approvers }: Outlook, perSecond: number | null, hours: number | null, { answer }: Wishes) {
  return { people, perSecond, approvers: hours === null ? null : approvers, approvalHours: hours ?? 0, answer };
}

async function playLaunch({ run }: Stage, account: number, campaign: number): Promise<void> {
  await run(CAMPAIGN_TYPE, campaignStart(PREFIX, { account, campaign, launch: 1 }));
}

function told({ client }: Stage, campaign: number): Promise<void> {
  const { workflowId } = campaignStart(PREFIX, { account: 0, campaign, launch: 1 });
  return client.workflow.getHandle(workflowId).signal(lookAtCampaign);
}

function indented({ note, count }: Timeline): Timeline {
  return { note: (at, what) => note(at, `  ${what}`), count };
}
