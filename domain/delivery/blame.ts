import type { Fate } from './outcome.js';

/** Stored in place of the rule if the refusals of other recipients at the domain decided. */
export const KNOWN_DEFERRING_DOMAIN = 'known_deferring_domain';

/** Refusals that hold for every recipient until time has passed: a quota of ours, or a server without storage. */
const SERVER_CLASSES: readonly string[] = ['quota_exceeded', 'system_full'];
/** Failures of the connection or the session, for any recipient. */
const TRANSPORT_CLASSES: readonly string[] = [
  'connection_lost',
  'tls',
  'submission_auth',
  'protocol',
  'signing_failed',
];
/** A provider limits how fast the account may send. */
const SENDER_THROTTLED = /:sender-throttled$/;

/** A refusal of the server that any other recipient would get too; the mail waits for the server. */
export function isServerRefusal(fate: Fate): boolean {
  return fate.kind === 'deferred' && SERVER_CLASSES.includes(fate.class);
}

export function isRateRefusal(fate: Fate): boolean {
  return fate.kind === 'deferred' && fate.class === 'rate_limited';
}

/** A deferral that may be the recipient's domain speaking through the mail server. */
export function isPerhapsOfDomain(fate: Fate): boolean {
  if (fate.kind !== 'deferred' || isServerRefusal(fate)) return false;
  return !TRANSPORT_CLASSES.includes(fate.class) && !SENDER_THROTTLED.test(fate.rule ?? '');
}
