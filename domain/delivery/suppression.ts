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
  recipient_filtered: { days: 3, hours: 72 },
};

/** Days after which a suppression for soft bounces ends: a mailbox is emptied, an account is enabled again. */
export const SOFT_SUPPRESSION_DAYS = 30;

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
  return kind !== 'uncertain' && scope === 'address' && isSoftBounce(reason) ? 'count_soft_bounce' : 'nothing';
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

/**
 * Errors in a domain's DNS are corrected within hours: for so long a domain that accepts no mail is not tried again.
 */
export const BAD_DOMAIN_HOURS = 24;

export const BAD_DOMAIN = 'bad_domain';

/** Stored in place of the rule if the refusal of another recipient's mail decided. */
export const KNOWN_BAD_DOMAIN = 'known_bad_domain';

/** The last refusal of a domain that accepts no mail. */
export interface BadDomainRefusal {
  /** The reply, addresses scrubbed. */
  readonly reply: string | null;
  readonly at: Date;
}

/**
 * What a known bad domain means for one recipient. The refusal of another recipient's mail does not fail a recipient at
 * once: the recipient is deferred, and fails only if the domain has refused again `since` then; otherwise the mail is
 * attempted.
 */
export function decideForBadDomain(
  refusal: BadDomainRefusal,
  since: Date | undefined,
): 'deferred' | 'failed' | 'attempt' {
  if (since === undefined) return 'deferred';
  return refusal.at >= since ? 'failed' : 'attempt';
}

/** The domain of an address's identity. */
export function domainOf(emailKey: string): string {
  return emailKey.slice(emailKey.lastIndexOf('@') + 1);
}
