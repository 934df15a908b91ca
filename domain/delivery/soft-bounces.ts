import { BAD_DOMAIN, KNOWN_BAD_DOMAIN } from './bad-domain.js';

/** How often, and over which time, something must have happened to an address before it is suppressed. */
export interface SoftBounceLimit {
  /** Days on which it happened, today included. */
  readonly days: number;
  /** Hours between the first and the last time. */
  readonly hours: number;
}

/** Classes of rules whose action is `count`, with our patience for each. */
export const SOFT_BOUNCES: Readonly<Record<string, SoftBounceLimit>> = {
  mailbox_full: { days: 5, hours: 14 * 24 },
  mailbox_disabled: { days: 2, hours: 24 },
};

/** What happened longer ago is forgotten. */
export const SOFT_BOUNCE_RETENTION_DAYS = 90;

const HOUR = 3_600_000;

export function isSoftBounce(reason: string): boolean {
  return Object.hasOwn(SOFT_BOUNCES, reason);
}

interface Exception {
  readonly kind: string;
  readonly class: string;
  readonly rule?: string;
}

/**
 * Whether it is held against the address, or its domain. A name that cannot be resolved for now is nobody's fault yet, and of
 * a domain only an answer to our own mail counts, which a rule has read: a report may speak of where the mail was forwarded to.
 */
export function countsAgainstAddress({ kind, class: reason, rule }: Exception): boolean {
  if (reason === BAD_DOMAIN) return kind === 'failed' && rule !== undefined && rule !== KNOWN_BAD_DOMAIN;
  return (kind === 'failed' || kind === 'deferred') && isSoftBounce(reason);
}

/**
 * Whether the address has worn our patience out: `times` holds the first time of each day on which it happened, `at` is the
 * time it happens now. Retries of one mail on one day count once.
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
