import { BAD_DOMAIN, KNOWN_BAD_DOMAIN } from './bad-domain.js';
import type { RefusalScope } from './outcome.js';
import { REFUSAL_RULES } from './refusal-rules.js';

/** How often, and over which time, an address must soft-bounce before it is suppressed. */
export interface SoftBounceLimit {
  /** Days on which it happened, today included. */
  readonly days: number;
  /** Hours between the first and the last time. */
  readonly hours: number;
}

/** The limit for each class of rules whose action is `count`. */
export const SOFT_BOUNCES: Readonly<Record<string, SoftBounceLimit>> = {
  mailbox_full: { days: 5, hours: 14 * 24 },
  mailbox_disabled: { days: 2, hours: 24 },
};

/** Older soft bounces are deleted. */
export const SOFT_BOUNCE_RETENTION_DAYS = 90;

const HOUR = 3_600_000;

/** What a refusal means for the recipient's address. */
export type AddressDecision = 'suppress' | 'count_soft_bounce' | 'record_bad_domain' | 'nothing';

export interface DecidedRefusal {
  readonly kind: string;
  readonly class: string;
  /** Absent where only the class was stored; the scope is then `address`. */
  readonly scope?: RefusalScope;
  readonly rule?: string;
}

/**
 * The one decision from a refusal to a suppression. `server`: the reply to our own mail; `report`: a delivery report,
 * which may be about a forwarding address and therefore does not count against the domain. Only a reply that a rule has
 * read counts against a domain: a name that cannot be resolved is a temporary failure.
 */
export function decideForAddress(refusal: DecidedRefusal, source: 'server' | 'report' = 'server'): AddressDecision {
  const { kind, class: reason, scope = 'address', rule } = refusal;
  if (kind !== 'failed' && kind !== 'deferred' && kind !== 'uncertain') return 'nothing';
  if (kind !== 'deferred' && scope === 'address' && isSuppressingClass(reason)) return 'suppress';
  if (reason === BAD_DOMAIN) {
    const isAnswer = source === 'server' && kind === 'failed' && rule !== undefined && rule !== KNOWN_BAD_DOMAIN;
    return isAnswer ? 'record_bad_domain' : 'nothing';
  }
  return kind !== 'uncertain' && isSoftBounce(reason) ? 'count_soft_bounce' : 'nothing';
}

/** Classes of refusals that suppress an address at once. */
export function suppressingClasses(): string[] {
  return [...new Set(REFUSAL_RULES.map(({ class: name }) => name).filter(isSuppressingClass))];
}

function isSuppressingClass(reason: string): boolean {
  return REFUSAL_RULES.some(({ class: name, scope, means }) => {
    return name === reason && scope === 'address' && means === 'suppress';
  });
}

export function isSoftBounce(reason: string): boolean {
  return Object.hasOwn(SOFT_BOUNCES, reason);
}

/**
 * Whether an address has reached the limit of a class. `times`: the first time of each day on which it happened; `at`:
 * the current time. Retries of one mail on one day count once.
 */
export function exceedsSoftBounceLimit(reason: string, times: readonly Date[], at: Date): boolean {
  const limit = SOFT_BOUNCES[reason];
  if (limit === undefined || !isSoftBounce(reason)) return false;
  const days = new Set([...times, at].map(dayOf));
  const first = Math.min(at.getTime(), ...times.map((time) => time.getTime()));
  return days.size >= limit.days && at.getTime() - first >= limit.hours * HOUR;
}

/** The day in UTC, such as `2026-05-15`. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
