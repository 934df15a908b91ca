/** Counts of a campaign's outcomes that affect the reputation of its sender, or show that its letter does not suit its list. */
export interface ReputationCounts {
  /** Mails that a server accepted. */
  readonly accepted: number;
  /** Hard bounces: recipients refused in the session or by a report. */
  readonly hard: number;
  /** Recipients who reported the mail as spam. */
  readonly complaints: number;
  /** Recipients whose data the letter could not be filled with. */
  readonly unrendered: number;
}

/** The counts at a resume: the operator has seen them, and they do not pause the campaign again. */
export type ReputationBaseline = ReputationCounts;

/** Shares in percent above which a campaign is paused. */
export interface Limits {
  readonly complaints: number;
  readonly bounces: number;
}

export const BREACHES = ['complaint_rate', 'bounce_rate', 'content_blocked'] as const;
export type Breach = (typeof BREACHES)[number];

/** Fewer answers are no evidence of bounces: one typing error in a short list would stop it. */
const ENOUGH_ANSWERS = 50;
/** Fewer accepted mails are no evidence of complaints, except for so many within a day. */
const ENOUGH_ACCEPTED = 1_000;
const ENOUGH_COMPLAINTS = 5;
/** A letter that fails for a larger share of its recipients, in percent, is wrong, and not the data of a few. */
const MOST_UNRENDERED = 20;
/** The quantile of the normal distribution for an interval of 95 %. */
const Z = 1.96;
export const DAY = 86_400_000;

const NO_BASELINE: ReputationBaseline = { accepted: 0, hard: 0, complaints: 0, unrendered: 0 };

/**
 * Why a campaign must be paused; undefined where it may go on. Excused counts do not count again. Complaints arrive long
 * after their mail, so their share is of all accepted mails; a refusal arrives with its mail, and a share of few answers
 * counts only as far as it is certain. So does the share of recipients for whom the letter could not be rendered.
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
  if (
    (answered >= ENOUGH_ACCEPTED || today >= ENOUGH_COMPLAINTS) &&
    isAbove(complaints, counts.accepted, limits.complaints)
  ) {
    return 'complaint_rate';
  }
  if (isCertainlyAbove(hard, answered, limits.bounces)) return 'bounce_rate';
  const unrendered = counts.unrendered - baseline.unrendered;
  return isCertainlyAbove(unrendered, answered + unrendered, MOST_UNRENDERED) ? 'content_blocked' : undefined;
}

function isCertainlyAbove(part: number, whole: number, percent: number): boolean {
  return whole >= ENOUGH_ANSWERS && lowerBound(part, whole) * 100 > percent;
}

/**
 * The lower end of the score interval for a share (E. B. Wilson, "Probable inference, the law of succession, and
 * statistical inference", JASA 22, 1927): the share of the whole list is above it with 97.5 % confidence.
 */
export function lowerBound(part: number, whole: number): number {
  if (whole === 0 || part === 0) return 0;
  const share = part / whole;
  const centre = share + Z ** 2 / (2 * whole);
  const margin = Z * Math.sqrt((share * (1 - share)) / whole + Z ** 2 / (4 * whole ** 2));
  return Math.max(0, (centre - margin) / (1 + Z ** 2 / whole));
}

function isAbove(part: number, whole: number, percent: number): boolean {
  return part * 100 > whole * percent;
}
