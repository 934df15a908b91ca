/** Counts of a campaign's outcomes that affect the reputation of its sender. */
export interface ReputationCounts {
  /** Mails that a server accepted. */
  readonly accepted: number;
  /** Hard bounces: recipients refused in the session or by a report. */
  readonly hard: number;
  /** Recipients who reported the mail as spam. */
  readonly complaints: number;
}

/** The counts at a resume: the operator has seen them, and they do not pause the campaign again. */
export type ReputationBaseline = ReputationCounts;

/** Shares in percent above which a campaign is paused. */
export interface Limits {
  readonly complaints: number;
  readonly bounces: number;
}

export const BREACHES = ['complaint_rate', 'bounce_rate'] as const;
export type Breach = (typeof BREACHES)[number];

/** Fewer answers are no evidence, except for complaints: so many within a day are enough. */
const ENOUGH_ANSWERS = 1_000;
const ENOUGH_COMPLAINTS = 5;
export const DAY = 86_400_000;

const NO_BASELINE: ReputationBaseline = { accepted: 0, hard: 0, complaints: 0 };

/**
 * Why a campaign must be paused; undefined where it may go on. Excused counts do not count again. Complaints arrive long
 * after their mail, so their share is of all accepted mails; a refusal arrives with its mail.
 */
export function breachIn(
  counts: ReputationCounts & { readonly complaintsToday: number },
  limits: Limits,
  baseline: ReputationBaseline = NO_BASELINE,
): Breach | undefined {
  const hard = counts.hard - baseline.hard;
  const complaints = counts.complaints - baseline.complaints;
  const answered = counts.accepted - baseline.accepted + hard;
  const today = Math.min(complaints, counts.complaintsToday);
  const enough = answered >= ENOUGH_ANSWERS;
  if ((enough || today >= ENOUGH_COMPLAINTS) && isAbove(complaints, counts.accepted, limits.complaints)) {
    return 'complaint_rate';
  }
  return enough && isAbove(hard, answered, limits.bounces) ? 'bounce_rate' : undefined;
}

function isAbove(part: number, whole: number, percent: number): boolean {
  return part * 100 > whole * percent;
}
