import type { RefusalScope } from './outcome.js';

/** One line of the table by which refusals are read; the first that matches counts. */
export interface RefusalRule {
  readonly class: string;
  readonly scope: RefusalScope;
  /** 5xx replies it concerns are tried again: they say nothing about this recipient or this mail. */
  readonly retry?: true;
  /** Basic codes; any when left out. */
  readonly codes?: readonly number[];
  /** Enhanced status without its first digit (RFC 3463), such as `1.1`. */
  readonly status?: RegExp;
  readonly text?: RegExp;
}

/** Changes with every change of a rule, so that stored classes can be told apart. */
export const REFUSAL_RULES_VERSION = 1;

const BLOCKLISTS =
  /\b(?:spamhaus|barracuda(?:central|networks)?|spamcop|sorbs|uceprotect|abuseat|invaluement|surriel|senderbase|proofpoint dynamic reputation)\b|\b(?:rbl|dnsbl|blocklist(?:ed)?|blacklist(?:ed)?|block list)\b/i;

const NO_SUCH_PERSON =
  /\b(?:user|mailbox|recipient|account|address)\b.{0,40}\b(?:unknown|not found|does not exist|doesn't exist|no longer (?:exists|valid))\b|\b(?:unknown|no such|invalid|nonexistent) (?:local )?(?:user|mailbox|recipient|account)\b|\bno mailbox here by that name\b|\bdoesn't have an? \S+ account\b/i;
const ABOUT_THE_SENDER = /\b(?:sender|from address|return[- ]path|envelope from|mail from|originator)\b/i;

/**
 * Who is affected and whether trying again makes sense. Only scope `address` takes an address off the lists for good, so it
 * stands only where the reply says that there is nobody there; a full or switched-off mailbox may be back tomorrow.
 */
export const REFUSAL_RULES: readonly RefusalRule[] = [
  { class: 'submission_auth', scope: 'infrastructure', retry: true, codes: [530, 534, 535, 538, 454] },
  { class: 'session', scope: 'session', retry: true, codes: [421] },
  { class: 'protocol', scope: 'session', retry: true, codes: [503] },
  { class: 'greylisted', scope: 'session', text: /\bgr[ea]y-?list/i },
  { class: 'greylisted', scope: 'session', codes: [450, 451, 452], status: /^2\.1$/ },
  { class: 'ip_blocked', scope: 'infrastructure', retry: true, text: BLOCKLISTS },
  {
    class: 'ip_blocked',
    scope: 'infrastructure',
    retry: true,
    text: /\b(?:your|client|sending) (?:ip|host|server|network)\b.{0,60}\b(?:listed|blocked|banned|reputation)\b/i,
  },
  {
    class: 'relay_denied',
    scope: 'infrastructure',
    retry: true,
    text: /\brelay(?:ing)?\b.{0,30}\b(?:denied|not permitted|not allowed|prohibited)\b|\bunable to relay\b|\bauthentication required\b/i,
  },
  {
    class: 'rate_limited',
    scope: 'infrastructure',
    retry: true,
    text: /\b(?:too many (?:messages|connections|emails|mails)|rate limit|sending (?:quota|limit)|daily .{0,20}(?:quota|limit)|throttl)/i,
  },
  { class: 'auth_failure', scope: 'sender', status: /^7\.(?:2[0-9]|3[0-2]|515)$/ },
  { class: 'auth_failure', scope: 'sender', text: /\b(?:dmarc|dkim|spf)\b/i },
  { class: 'invalid_sender', scope: 'sender', status: /^1\.[78]$/ },
  { class: 'invalid_sender', scope: 'sender', text: ABOUT_THE_SENDER },
  { class: 'eai_unsupported', scope: 'message', status: /^6\.7$/ },
  { class: 'too_large', scope: 'message', status: /^(?:2\.3|3\.4)$/ },
  { class: 'mailbox_full', scope: 'message', status: /^2\.2$/ },
  { class: 'mailbox_full', scope: 'message', codes: [422, 452, 552], text: /\b(?:quota|full|storage)\b/i },
  {
    class: 'mailbox_full',
    scope: 'message',
    text: /\b(?:mailbox|over ?quota|inbox)\b.{0,20}\b(?:full|quota)\b|\bover ?quota\b/i,
  },
  { class: 'too_large', scope: 'message', codes: [552] },
  { class: 'too_many_recipients', scope: 'infrastructure', retry: true, status: /^5\.3$/ },
  { class: 'invalid_recipient', scope: 'address', status: /^1\.[136]$/ },
  { class: 'owner_changed', scope: 'address', status: /^7\.1[78]$/ },
  { class: 'protocol', scope: 'session', retry: true, codes: [500, 501, 502, 504] },
  { class: 'bad_domain', scope: 'domain', status: /^(?:1\.2|1\.10|4\.4)$/ },
  { class: 'mailbox_disabled', scope: 'message', status: /^(?:2\.1|7\.13)$/ },
  {
    class: 'mailbox_disabled',
    scope: 'message',
    text: /\b(?:account|mailbox|user)\b.{0,30}\b(?:disabled|suspended|inactive|locked|deactivated)\b/i,
  },
  { class: 'invalid_recipient', scope: 'address', codes: [550, 551, 553, 554], text: NO_SUCH_PERSON },
  { class: 'content_rejected', scope: 'message', status: /^6\./ },
  {
    class: 'content_rejected',
    scope: 'message',
    text: /\b(?:spam|virus|malware|phish|content (?:rejected|filter)|unsolicited)/i,
  },
  { class: 'expired', scope: 'message', status: /^4\.7$/ },
  { class: 'policy', scope: 'sender', status: /^7\./ },
  { class: 'transient', scope: 'infrastructure', status: /^(?:3\.|4\.)/ },
];
