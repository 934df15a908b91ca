import type { RefusalScope } from './outcome.js';

/**
 * The action for a 5xx reply that a rule matches; a 4xx reply is always tried again. `suppress`: the mailbox does not
 * exist; suppress at once. `count`: final for this mail, and counted until the limit of the address is reached
 * (`suppression.ts`). `fail`: final for this mail. `retry`: the reply is not about this mail.
 */
export type RefusalAction = 'suppress' | 'count' | 'fail' | 'retry';

/** One row of the table of refusals; the first match applies. */
export interface RefusalRule {
  /** Stored with every refusal that it matches, together with the version of the table. */
  readonly id: string;
  readonly class: string;
  readonly scope: RefusalScope;
  readonly means: RefusalAction;
  /** Basic codes; any when left out. */
  readonly codes?: readonly number[];
  /** Enhanced status without its first digit (RFC 3463), such as `1.1`. */
  readonly status?: RegExp;
  /** Statuses to which the rule does not apply. */
  readonly unlessStatus?: RegExp;
  readonly text?: RegExp;
}

/** Raised with every change of a rule, so that stored classes can be told apart. */
export const REFUSAL_RULES_VERSION = 3;

const BLOCKLISTS =
  /\b(?:spamhaus|barracuda(?:central|networks)?|spamcop|sorbs|uceprotect|abuseat|invaluement|surriel|senderbase|proofpoint dynamic reputation)\b|\b(?:rbl|dnsbl|blocklist(?:ed)?|blacklist(?:ed)?|block list)\b/i;
const LISTED_HERE =
  /\b(?:your|client|sending) (?:ip|host|server|network)\b.{0,60}\b(?:listed|blocked|banned|reputation)\b/i;
const RELAY =
  /\brelay(?:ing)?\b.{0,30}\b(?:denied|not permitted|not allowed|prohibited)\b|\bunable to relay\b|\bauthentication required\b/i;
const TOO_FAST =
  /\b(?:too many (?:messages|connections|emails|mails)|rate limit|sending (?:quota|limit)|daily .{0,20}(?:quota|limit)|throttl)/i;
const NO_SUCH_MAILBOX =
  /\b(?:user|mailbox|recipient|account|address)\b.{0,40}\b(?:unknown|not found|does not exist|doesn't exist|no longer (?:exists|valid))\b|\b(?:unknown|no such|invalid|nonexistent) (?:local )?(?:user|mailbox|recipient|account)\b|\bno mailbox here by that name\b|\bdoesn't have an? \S+ account\b/i;
const ABOUT_THE_SENDER = /\b(?:sender|from address|return[- ]path|envelope from|mail from|originator)\b/i;
const SWITCHED_OFF = /\b(?:account|mailbox|user)\b.{0,30}\b(?:disabled|suspended|inactive|locked|deactivated)\b/i;
const UNAUTHENTICATED = /\b(?:dmarc|dkim|spf|unauthenticated)\b/i;
const UNWANTED = /\b(?:spam|virus|malware|phish|content (?:rejected|filter)|unsolicited)/i;
const FULL = /\b(?:mailbox|over ?quota|inbox)\b.{0,20}\b(?:full|quota)\b|\bover ?quota\b/i;

const infrastructure = { scope: 'infrastructure', means: 'retry' } as const;
const session = { scope: 'session', means: 'retry' } as const;
const sender = { scope: 'sender', means: 'fail' } as const;
const message = { scope: 'message', means: 'fail' } as const;
const softBounce = { scope: 'address', means: 'count' } as const;
const noMailbox = { scope: 'address', means: 'suppress' } as const;

/**
 * The scope and the action of each refusal. Only scope `address` suppresses an address: at once if the mailbox does not
 * exist, after some time if it stays full or disabled.
 */
export const REFUSAL_RULES: readonly RefusalRule[] = [
  { id: 'login', class: 'submission_auth', ...infrastructure, codes: [530, 534, 535, 538, 454] },
  {
    id: 'sender-unauthenticated',
    class: 'auth_failure',
    ...sender,
    status: /^7\.(?:2[3-9]|3[0-2])$/,
    codes: [421, 450, 451],
  },
  { id: 'closing', class: 'transient', ...infrastructure, codes: [421] },
  { id: 'out-of-order', class: 'protocol', ...session, codes: [503] },
  { id: 'greylisted-text', class: 'greylisted', ...session, text: /\bgr[ea]y-?list/i },
  { id: 'greylisted-status', class: 'greylisted', ...session, codes: [450, 451, 452], status: /^2\.1$/ },
  { id: 'blocklist', class: 'ip_blocked', ...infrastructure, text: BLOCKLISTS },
  { id: 'host-listed', class: 'ip_blocked', ...infrastructure, text: LISTED_HERE },
  { id: 'relay-denied', class: 'relay_denied', ...infrastructure, text: RELAY },
  { id: 'too-fast', class: 'rate_limited', ...infrastructure, text: TOO_FAST },
  // 5.7.27 has two meanings: a text that does not mention authentication is IANA's null MX of the sender.
  {
    id: 'sender-null-mx',
    class: 'invalid_sender',
    ...sender,
    codes: [550, 551, 553, 554, 556],
    status: /^7\.27$/,
    text: /^(?!.*\b(?:dmarc|dkim|spf|authenticat\w*|unauthenticated)\b)/is,
  },
  { id: 'auth-status', class: 'auth_failure', ...sender, status: /^7\.(?:2[0-9]|3[0-2]|515)$/ },
  { id: 'auth-text', class: 'auth_failure', ...sender, text: UNAUTHENTICATED },
  { id: 'sender-status', class: 'invalid_sender', ...sender, status: /^1\.[78]$/ },
  // A 5.7.1 that mentions the sender is the policy of one recipient or domain; it does not concern the sender
  // elsewhere.
  { id: 'sender-text', class: 'invalid_sender', ...sender, unlessStatus: /^7\./, text: ABOUT_THE_SENDER },
  { id: 'ascii-only', class: 'eai_unsupported', ...message, status: /^6\.7$/ },
  { id: 'too-large-status', class: 'too_large', ...message, status: /^(?:2\.3|3\.4)$/ },
  { id: 'full-status', class: 'mailbox_full', ...softBounce, status: /^2\.2$/ },
  {
    id: 'full-code',
    class: 'mailbox_full',
    ...softBounce,
    codes: [422, 452, 552],
    text: /\b(?:quota|full|storage)\b/i,
  },
  { id: 'full-text', class: 'mailbox_full', ...softBounce, text: FULL },
  { id: 'too-large-code', class: 'too_large', ...message, codes: [552] },
  { id: 'too-many', class: 'too_many_recipients', ...infrastructure, status: /^5\.3$/ },
  { id: 'no-mailbox-status', class: 'invalid_recipient', ...noMailbox, status: /^1\.[136]$/ },
  { id: 'other-owner', class: 'owner_changed', ...noMailbox, status: /^7\.1[78]$/ },
  { id: 'not-understood', class: 'protocol', ...session, codes: [500, 501, 502, 504] },
  // Exchange uses 5.1.10 where others use 5.1.1; RFC 7505 uses it for a domain that accepts no mail.
  {
    id: 'no-mailbox-exchange',
    class: 'invalid_recipient',
    ...noMailbox,
    status: /^1\.10$/,
    text: /recipient ?not ?found/i,
  },
  { id: 'no-domain', class: 'bad_domain', scope: 'domain', means: 'fail', status: /^(?:1\.2|1\.10|4\.4)$/ },
  { id: 'off-status', class: 'mailbox_disabled', ...softBounce, status: /^(?:2\.1|7\.13)$/ },
  { id: 'off-text', class: 'mailbox_disabled', ...softBounce, unlessStatus: /^7\./, text: SWITCHED_OFF },
  {
    id: 'no-mailbox-text',
    class: 'invalid_recipient',
    ...noMailbox,
    codes: [550, 551, 553, 554],
    unlessStatus: /^7\./,
    text: NO_SUCH_MAILBOX,
  },
  { id: 'content-status', class: 'content_rejected', ...message, status: /^6\./ },
  { id: 'content-text', class: 'content_rejected', ...message, text: UNWANTED },
  { id: 'out-of-time', class: 'expired', ...message, status: /^4\.7$/ },
  { id: 'policy', class: 'policy', ...sender, status: /^7\./ },
  { id: 'systems', class: 'transient', ...infrastructure, means: 'fail', status: /^(?:3\.|4\.)/ },
];
