import { timesAfter } from '../../domain/newsletter/timetable.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import { CAMPAIGN_TYPE, campaignRowChanged, campaignStart } from '../../workflows/messages/campaign.js';
import { ISSUE_TYPE, issueStart } from '../../workflows/messages/newsletter.js';
import { campaignWorkflowId } from '../../workflows/names.js';
import { PREFIX, type RehearsalEnvironment, type Timeline } from './environment.js';
import {
  type CampaignFacts,
  type CampaignRehearsal,
  type CurrentAudience,
  campaignSteps,
  issueSteps,
} from './steps.js';

const SETTINGS = { prefix: PREFIX, publicUrl: '' };

export interface RunOptions {
  /** Number of issues to rehearse. */
  readonly issues: number;
  readonly answer: CampaignFacts['answer'];
}

/**
 * Rehearses the next issues of a newsletter, one after the other: first the workflow of the issue, then that of its
 * campaign.
 */
export async function runNewsletter(
  environment: RehearsalEnvironment,
  timeline: Timeline,
  newsletter: Newsletter,
  audience: CurrentAudience,
  options: RunOptions,
): Promise<number> {
  const { account, _id } = newsletter;
  const times = timesAfter(newsletter, new Date(await environment.now()), options.issues);
  let sendAt: number | null = null;
  const basis = factsOf(audience, newsletter.settings.rate_per_second, newsletter.approval_hours, options);
  const rehearsal: CampaignRehearsal = {
    facts: { ...basis, sendAt: null },
    timeline: indented(timeline),
    notify: (campaign) => signalCampaign(environment, campaign),
    stopTime: environment.hold,
  };
  const launched = (at: number) => {
    sendAt = at;
  };
  const steps = {
    ...issueSteps({ newsletter, audience, timeline, launched, stopTime: environment.hold }),
    ...campaignSteps(() => ({ ...rehearsal, facts: { ...basis, sendAt } })),
  };
  await environment.withSteps(steps, async () => {
    for (const [i, time] of times.entries()) {
      sendAt = null;
      const ref = { account, newsletter: _id, scheduledAt: time.toISOString() };
      const start = issueStart(SETTINGS, ref, newsletter.name);
      await environment.run(ISSUE_TYPE, start);
      if (sendAt !== null) await runLaunch(environment, account, i + 1);
    }
  });
  return times.length;
}

/** Rehearses a campaign as if it were launched now. */
export async function runCampaign(
  environment: RehearsalEnvironment,
  timeline: Timeline,
  row: Campaign,
  audience: CurrentAudience,
  options: RunOptions,
): Promise<void> {
  const rate = row.want.rate ?? row.settings.rate_per_second;
  const facts = {
    ...factsOf(audience, rate, row.approval?.hours ?? null, options),
    sendAt: row.scheduled_at?.getTime() ?? null,
  };
  const rehearsal: CampaignRehearsal = {
    facts,
    timeline,
    notify: (campaign) => signalCampaign(environment, campaign),
    stopTime: environment.hold,
  };
  await environment.withSteps(
    campaignSteps(() => rehearsal),
    () => runLaunch(environment, row.account, row._id),
  );
}

function factsOf(
  { people, approvers }: CurrentAudience,
  perSecond: number | null,
  hours: number | null,
  { answer }: RunOptions,
) {
  return { people, perSecond, approvers: hours === null ? null : approvers, approvalHours: hours ?? 0, answer };
}

async function runLaunch({ run }: RehearsalEnvironment, account: number, campaign: number): Promise<void> {
  const shown = { name: 'a rehearsal', subject: '', state: 'freezing' };
  await run(CAMPAIGN_TYPE, campaignStart(SETTINGS, { account, campaign, launch: 1 }, shown));
}

function signalCampaign({ client }: RehearsalEnvironment, campaign: number): Promise<void> {
  return client.workflow.getHandle(campaignWorkflowId(campaign)).signal(campaignRowChanged);
}

function indented({ add, count }: Timeline): Timeline {
  return { add: (at, what) => add(at, `  ${what}`), count };
}
