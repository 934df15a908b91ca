import { type ExceptionFate, fateOfRefusal } from './classify.js';
import { isVague } from './refusal-rules.js';
import { decideForAddress } from './suppression.js';

/** A report about a mail after it was sent. */
export type Evidence =
  | { readonly kind: 'bounced'; readonly fate: ExceptionFate }
  /** A server still tries. */
  | { readonly kind: 'delayed'; readonly fate: ExceptionFate }
  | { readonly kind: 'delivered' }
  /** `detail`: the reporter and the kind of report, without addresses. */
  | { readonly kind: 'complained'; readonly detail: string | null }
  /** A mail to the `mailto:` of List-Unsubscribe. */
  | { readonly kind: 'left' };

/** The evidence that settles an uncertain mail. */
export interface SettlingEvidence {
  readonly kind: 'sent' | 'failed';
  readonly class: string;
  readonly code: string | null;
  /** Addresses scrubbed. */
  readonly reply: string | null;
  readonly rule?: string;
  readonly at: Date;
}

/** Feedback types (RFC 5965 §7.3) that count as complaints. */
const COMPLAINTS = ['abuse', 'fraud', 'virus', 'other'];

/** The evidence in a feedback report; undefined if it is no complaint, such as `not-spam`. */
export function feedbackEvidence(type: string): Evidence | undefined {
  if (type === 'opt-out' || type === 'opt-out-list') return { kind: 'left' };
  return COMPLAINTS.includes(type) ? { kind: 'complained', detail: `feedback report: ${type}` } : undefined;
}

/** Days after which inbound mail and reports are deleted. */
export const REPORT_RETENTION_DAYS = 14;

/** A report's entry for one recipient (RFC 3464 §2.3), or the same as read from free text. */
export interface RecipientReport {
  readonly action: 'failed' | 'delayed' | 'delivered';
  /** Such as `5.1.1`. */
  readonly status: string | null;
  /** The server's text, with its code where it has one. */
  readonly diagnostic: string | null;
  /** The address at which the delivery ended; null where the report names none. */
  readonly recipient?: string | null;
  /** The address that the sender had given. */
  readonly original?: string | null;
}

/** What a report means for the recipient of our mail. */
export type ReportedDelivery =
  | { readonly kind: 'failed'; readonly fate: ExceptionFate }
  | { readonly kind: 'delayed'; readonly fate: ExceptionFate }
  | { readonly kind: 'delivered' };

/** Classes of a final 4xx that mean only that the time was over. */
const OUT_OF_TIME = ['transient', 'greylisted', 'rate_limited', 'recipient_busy', 'system_full', 'protocol'];

/** Whether an address in a report is the recipient of our mail; undefined if it is not readable as an address. */
export type IsOurs = (address: string) => boolean | undefined;

/**
 * Our mails have one recipient each, but a recipient may forward to several addresses: one delivery is enough. A report
 * about another address is about a forward: its `fate` does not have scope `address`. Undefined if there is no report.
 */
export function reportedDelivery(
  reports: readonly RecipientReport[],
  isOurs: IsOurs = () => undefined,
): ReportedDelivery | undefined {
  if (reports.some(({ action }) => action === 'delivered')) return { kind: 'delivered' };
  const report = firstOfOurs(reports, 'failed', isOurs) ?? firstOfOurs(reports, 'delayed', isOurs);
  if (report === undefined) return undefined;
  const fate = isAboutAForward(report, isOurs) ? ofForward(fateOfReport(report)) : fateOfReport(report);
  return report.action === 'failed'
    ? { kind: 'failed', fate: finalFate(fate) }
    : { kind: 'delayed', fate: { ...fate, kind: 'deferred' } };
}

function firstOfOurs(reports: readonly RecipientReport[], action: RecipientReport['action'], isOurs: IsOurs) {
  const found = reports.filter((report) => report.action === action);
  return found.find((report) => !isAboutAForward(report, isOurs)) ?? found[0];
}

/** An alias or a forward: the address that failed, or the one that the reporter was given, is not that of our mail. */
function isAboutAForward({ recipient, original }: RecipientReport, isOurs: IsOurs): boolean {
  return [recipient, original].some((address) => typeof address === 'string' && isOurs(address) === false);
}

/** The same refusal, said of another address than that of our mail: it is no evidence about ours. */
export function ofForward(fate: ExceptionFate): ExceptionFate {
  return fate.scope === 'address' ? { ...fate, scope: 'message' } : fate;
}

function finalFate(fate: ExceptionFate): ExceptionFate {
  const reason = OUT_OF_TIME.includes(fate.class) ? 'expired' : fate.class;
  return { ...fate, kind: 'failed', class: reason };
}

/** Whether the report has no reason that the table knows. */
export function lacksReason(report: RecipientReport): boolean {
  return isVague(fateOfReport(report));
}

/** Whether the report says that the mailbox does not exist. */
export function isUnknownUser(report: RecipientReport): boolean {
  return decideForAddress(fateOfReport(report), 'report') === 'suppress';
}

/**
 * NTT docomo answers so to the body too, for recipients who refuse the sender. Only a report that names RCPT as the
 * stage says that the mailbox does not exist.
 */
const CARRIER_REFUSAL = /\bunknown user [^\s@]{1,64}@docomo\.ne\.jp\b/i;

/** Another server's reply in the words of the reporter: `host mx.example said: 550 5.1.1 …`. */
const QUOTED_REPLY =
  /\b(?:said|answered|returned|reply|response|error)\b(?:[^\n]{0,80}?(?::|\bwas))?\s*['"(]?(?=[45]\d\d[ -])/i;

/** Reports are classified with the same table as replies; without a basic code the status stands for one. */
export function fateOfReport({ status, diagnostic }: Pick<RecipientReport, 'status' | 'diagnostic'>): ExceptionFate {
  const full = (diagnostic ?? '').replace(/^\s*[\w-]+\s*;\s*/, '').trim();
  const quoted = QUOTED_REPLY.exec(full.slice(0, 1_000));
  const diagnosticText = quoted === null ? full : full.slice(quoted.index + quoted[0].length);
  const [, digits, rest] = /^#?<?([245]\d\d)(?:[ -]|>|$)\s*(.*)$/s.exec(diagnosticText) ?? [];
  const text = (rest ?? diagnosticText).replace(/(^|\s)\d{3}-(?=[45]\.\d)/g, '$1');
  const code = digits === undefined ? codeOf(status) : Number(digits);
  const named = /(?<![\w.])[45]\.\d{1,3}\.\d{1,3}\b/.test(text) || status === null || /\.0\.0$/.test(status);
  const isOpen = CARRIER_REFUSAL.test(text) && !/\brcpt to\b/i.test(text);
  const reply = { code, text: named ? text : `${status} ${text}` };
  return fateOfRefusal(isOpen ? { ...reply, isAfterRcpt: true } : reply);
}

function codeOf(status: string | null): number {
  return status?.startsWith('4') === true ? 450 : 550;
}
