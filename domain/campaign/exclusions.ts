import type { SubscriberStatus } from '../subscriber/subscriber.js';

/** Why a person of the list is not frozen into the audience. A status other than `active` counts before a suppression. */
export const EXCLUSION_REASONS = ['suppressed', 'unsubscribed', 'pending', 'bounced', 'complained'] as const;
export type ExclusionReason = (typeof EXCLUSION_REASONS)[number];

/** People of the list without a place in the audience, by reason; a reason without people may be absent. */
export type Exclusions = Readonly<Partial<Record<ExclusionReason, number>>>;

export const NO_EXCLUSIONS: Exclusions = {};

/** Undefined: the person becomes a recipient. */
export function exclusionOf(status: SubscriberStatus, suppressed: boolean): ExclusionReason | undefined {
  if (status !== 'active') return status;
  return suppressed ? 'suppressed' : undefined;
}

export function addedUp(one: Exclusions, other: Exclusions): Exclusions {
  const sums = EXCLUSION_REASONS.map((reason) => [reason, (one[reason] ?? 0) + (other[reason] ?? 0)] as const);
  return Object.fromEntries(sums.filter(([, people]) => people > 0));
}
