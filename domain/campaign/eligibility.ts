import type { Fate } from '../delivery/outcome.js';
import type { SubscriberStatus } from '../subscriber/subscriber.js';

/** What sending needs to know of a subscriber besides the address. */
export interface SubscriberState {
  readonly status: SubscriberStatus;
}

type Skipped = Extract<Fate, { readonly class: string }>;

/** Why a frozen recipient is not mailed after all, read again right before the claim; undefined: mail them. */
export function leftSinceFreeze(subscriber: SubscriberState | undefined, suppressed: boolean): Skipped | undefined {
  if (subscriber === undefined) return skipped('gone');
  if (subscriber.status !== 'active') return skipped(subscriber.status);
  return suppressed ? skipped('suppressed') : undefined;
}

function skipped(reason: string): Skipped {
  return { kind: 'skipped', class: reason, scope: 'address', code: null, reply: null };
}
