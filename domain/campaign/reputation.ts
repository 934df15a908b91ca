/** What became of the mails of a campaign so far, as far as the sender's name depends on it. */
export interface ReputationCounts {
  /** Mails that a server has taken. */
  readonly accepted: number;
  /** Recipients who are not there, at once or by a report. */
  readonly hard: number;
  /** Recipients who called it spam. */
  readonly complaints: number;
}

/** What a resume excuses: it has been seen. */
export type ReputationBaseline = ReputationCounts;

/** Shares in percent above which a campaign is paused. */
export interface Limits {
  readonly complaints: number;
  readonly bounces: number;
}

export const BREACHES = ['complaint_rate', 'bounce_rate'] as const;
export type Breach = (typeof BREACHES)[number];

/** Fewer answers prove nothing, but for complaints: these are enough within a day. */
const ENOUGH_ANSWERS = 1_000;
const ENOUGH_COMPLAINTS = 5;
export const DAY = 86_400_000;

const NO_BASELINE: ReputationBaseline = { accepted: 0, hard: 0, complaints: 0 };

/**
 * Why a campaign must not go on; undefined where it may. What was excused does not count again. Complaints come long after
 * their mail, so their share is one of everything that was accepted; a refusal comes with its mail.
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
