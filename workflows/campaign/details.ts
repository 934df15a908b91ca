import { setCurrentDetails } from '@temporalio/workflow';
import type { CampaignPlan } from '../../activities/campaign/plan.js';
import { shownTime } from '../run.js';

/**
 * What the Temporal UI shows of a campaign: the row and the figures as they were read last. It costs no event; steps that
 * happen anyway keep it up to date.
 */
export function campaignDetails() {
  let plan: CampaignPlan | undefined;
  let figures: readonly string[] = [];
  const show = (): void => {
    if (plan !== undefined) setCurrentDetails([...linesOf(plan), ...figures].join('\n\n'));
  };
  /** The recipients have been counted; Markdown. */
  const counted = (counts: string): void => {
    figures = [counts, `As of ${shownTime(new Date(Date.now()).toISOString())}`];
    show();
  };
  return {
    counted,
    /** The row has been read. */
    planned: (latest: CampaignPlan): void => {
      plan = latest;
      if (latest.figures === undefined) show();
      else counted(latest.figures);
    },
  };
}

function linesOf(plan: CampaignPlan): string[] {
  const { state, round, rate } = plan;
  const isOpen = state !== 'sent' && state !== 'failed' && state !== 'cancelled';
  return [
    `### ${state}${round >= 0 ? `, round ${round}` : ''}`,
    reasonLine(plan),
    nextOf(plan),
    isOpen && rate !== undefined ? `Rate: ${rate === null ? 'no limit of its own' : `at most ${rate} a second`}` : '',
  ].filter((line) => line !== '');
}

/** Why it makes no progress, since when, and the next try; Markdown. */
export function reasonLine({ reason, held }: Pick<CampaignPlan, 'reason' | 'held'>): string {
  if (reason == null) return '';
  const since = held == null ? '' : ` since ${shownTime(held.since)}`;
  const next = held?.next_try == null ? '' : `, next try at ${shownTime(held.next_try)}`;
  return `Reason: \`${reason}\`${since}${next}`;
}

/** What happens next, and when. */
function nextOf({ state, reason, sendAt, approvalRequest, due }: CampaignPlan): string {
  switch (state) {
    case 'awaiting_approval':
      return approvalRequest === null
        ? 'Next: the letter is fixed and the approvers are asked.'
        : `Next: an approver answers, until ${shownTime(approvalRequest.until)}.`;
    case 'scheduled':
      return sendAt === null ? '' : `Next: sends at ${shownTime(sendAt)}.`;
    case 'freezing':
      return 'Next: the audience is fixed.';
    case 'paused':
      return `Next: ${reason == null ? '' : 'remove the reason, then '}update \`resume\`, or \`cancel\`.`;
    case 'sending':
      return due !== null && Date.parse(due) > Date.now() ? `Next: the round begins at ${shownTime(due)}.` : '';
    default:
      return '';
  }
}
