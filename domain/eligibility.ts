import type { Fate } from './outcome.js';
import type { SubscriberStatus } from './subscriber.js';

/** What sending needs to know of a subscriber besides the address. */
export interface Standing {
  readonly status: SubscriberStatus;
}

type Skipped = Extract<Fate, { readonly class: string }>;

/** Why a frozen recipient is not mailed after all, read again right before the claim; undefined: mail them. */
export function leftSinceFreeze(subscriber: Standing | undefined, suppressed: boolean): Skipped | undefined {
  if (subscriber === undefined) return skipped('gone');
  if (subscriber.status !== 'active') return skipped(subscriber.status);
  return suppressed ? skipped('suppressed') : undefined;
}

function skipped(reason: string): Skipped {
  return { kind: 'skipped', class: reason, scope: 'address', code: null, reply: null };
}
