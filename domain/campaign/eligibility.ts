import type { Fate } from '../delivery/outcome.js';
import type { SubscriberStatus } from '../subscriber/subscriber.js';

/** The state of a subscriber that decides whether they may be mailed. */
export interface SubscriberState {
  readonly status: SubscriberStatus;
}

type Skipped = Extract<Fate, { readonly class: string }>;

/** Why a frozen recipient is skipped, by the state read right before the claim; undefined: mail them. */
export function leftSinceFreeze(subscriber: SubscriberState | undefined, suppressed: boolean): Skipped | undefined {
  if (subscriber === undefined) return skipped('gone');
  if (subscriber.status !== 'active') return skipped(subscriber.status);
  return suppressed ? skipped('suppressed') : undefined;
}

function skipped(reason: string): Skipped {
  return { kind: 'skipped', class: reason, scope: 'address', code: null, reply: null };
}
