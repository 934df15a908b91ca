import type { IssueView } from '../../activities/newsletter/issue.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import { stepTime } from './environment.js';
import type { Timeline } from './timeline.js';

/** The present audience, as the pre-send checks of a newsletter see it. */
export interface CurrentAudience {
  readonly people: number;
  /** Names of the approvers. */
  readonly approvers: readonly string[];
}

export interface IssueRehearsal {
  readonly newsletter: Newsletter;
  readonly audience: CurrentAudience;
  readonly timeline: Timeline;
  /** Records the sending time of the issue's campaign. */
  readonly launched: (sendAt: number) => void;
  /** Stops the skipping of time. */
  readonly stopTime: () => Promise<void>;
}

/** The steps of an issue's workflow in a rehearsal. They assume that the source has content and do not fetch it. */
export function issueSteps({ newsletter, audience, timeline, launched, stopTime }: IssueRehearsal) {
  let lastSent = Number.NEGATIVE_INFINITY;
  const view = (state: IssueView['state'], sendAt: number, more: Partial<IssueView> = {}): IssueView => {
    const open = state === 'preparing' || state === 'launched';
    const basis = { ready: false, due: null, draft: null, trouble: 'source_failed' as const };
    return { state, open, sendAt: new Date(sendAt).toISOString(), ...basis, ...more };
  };
  const sendAtOf = ({ scheduledAt }: IssueRef) => Date.parse(scheduledAt) + newsletter.lead_seconds * 1_000;
  return {
    openIssue: async (ref: IssueRef) => {
      timeline.add(stepTime(), `issue of ${newsletter.name} begins`);
      return view('preparing', sendAtOf(ref));
    },
    prepareIssue: async (ref: IssueRef) => {
      timeline.add(stepTime(), `  ${SOURCES[newsletter.source.kind]}`);
      return view('preparing', sendAtOf(ref), { ready: true });
    },
    launchIssue: async (ref: IssueRef) => {
      const sendAt = sendAtOf(ref);
      const stopped = skipReason(newsletter, audience, sendAt - lastSent);
      if (stopped !== null) {
        timeline.add(stepTime(), `  skipped: ${stopped}`);
        await stopTime();
        return view('skipped', sendAt);
      }
      lastSent = sendAt;
      for (const email of newsletter.test_to) timeline.add(stepTime(), `  ${email} gets it first`);
      launched(sendAt);
      return view('launched', sendAt);
    },
    watchIssue: async (ref: IssueRef) => {
      await stopTime();
      return view('sent', sendAtOf(ref));
    },
    skipIssue: async (ref: IssueRef) => view('skipped', sendAtOf(ref)),
  };
}

const SOURCES = {
  ai: 'requests a draft from the model',
  feed: 'reads new items from the feed',
  json: 'fetches its JSON',
  data: 'takes the pushed data',
} as const;

function skipReason(
  { max_recipients, min_gap_minutes, approval_hours }: Newsletter,
  { people, approvers }: CurrentAudience,
  since: number,
): string | null {
  if (people === 0) return 'no_recipients';
  if (max_recipients !== null && people > max_recipients) return 'too_many_recipients';
  if (approval_hours !== null && approvers.length === 0) return 'no_approvers';
  return min_gap_minutes !== null && since < min_gap_minutes * 60_000 ? 'too_soon' : null;
}
