import { type ExceptionFate, fateOfRefusal } from './classify.js';
import { shortReply } from './scrub.js';

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

/**
 * A report's entry for one recipient (RFC 3464 §2.3): lower-cased action, status such as `5.1.1`, the server's text.
 */
export interface RecipientReport {
  readonly action: string;
  readonly status: string | null;
  readonly diagnostic: string | null;
}

/** What a report means for the recipient of our mail. */
export type ReportedDelivery =
  | { readonly kind: 'failed'; readonly fate: ExceptionFate }
  | { readonly kind: 'delayed'; readonly fate: ExceptionFate }
  | { readonly kind: 'delivered' };

/** Classes of a final 4xx that mean only that the time was over. */
const OUT_OF_TIME = ['transient', 'greylisted', 'rate_limited', 'protocol'];

/**
 * Our mails have one recipient each, but a recipient may forward to several addresses: one delivery is enough.
 * Undefined if the report contains no known action.
 */
export function reportedDelivery(reports: readonly RecipientReport[]): ReportedDelivery | undefined {
  if (reports.some(({ action }) => ['delivered', 'relayed', 'expanded'].includes(action))) return { kind: 'delivered' };
  const failed = reports.find(({ action }) => action === 'failed');
  if (failed !== undefined) return { kind: 'failed', fate: finalFate(failed) };
  const delayed = reports.find(({ action }) => action === 'delayed');
  return delayed && { kind: 'delayed', fate: { ...fateOfReport(delayed), kind: 'deferred' } };
}

function finalFate(report: RecipientReport): ExceptionFate {
  const fate = fateOfReport(report);
  const reason = OUT_OF_TIME.includes(fate.class) ? 'expired' : fate.class;
  return { ...fate, kind: 'failed', class: reason };
}

/** Reports are classified with the same table as replies; without a basic code the status stands for one. */
function fateOfReport({ status, diagnostic }: RecipientReport): ExceptionFate {
  const diagnosticText = (diagnostic ?? '').replace(/^\s*[\w-]+\s*;\s*/, '').trim();
  const [, digits, rest] = /^(\d{3})(?:[ -]|$)\s*(.*)$/s.exec(diagnosticText) ?? [];
  const text = (rest ?? diagnosticText).replace(/(^|\s)\d{3}-(?=[45]\.\d)/g, '$1');
  const code = digits === undefined ? codeOf(status) : Number(digits);
  const named = /\b[45]\.\d{1,3}\.\d{1,3}\b/.test(text) || status === null || /\.0\.0$/.test(status);
  return fateOfRefusal({ code, text: named ? text : `${status} ${text}` });
}

function codeOf(status: string | null): number {
  return status?.startsWith('4') === true ? 450 : 550;
}

/** The provider's classification of a bounce; used if the table does not recognise the server's reply. */
export type BounceCause =
  | 'no_mailbox'
  | 'full'
  | 'blocked'
  | 'content'
  | 'too_large'
  | 'domain'
  | 'expired'
  | 'unknown';

const FALLBACK: Readonly<Record<BounceCause, Pick<ExceptionFate, 'class' | 'scope'>>> = {
  no_mailbox: { class: 'invalid_recipient', scope: 'address' },
  full: { class: 'mailbox_full', scope: 'address' },
  blocked: { class: 'policy', scope: 'sender' },
  content: { class: 'content_rejected', scope: 'message' },
  too_large: { class: 'too_large', scope: 'message' },
  domain: { class: 'bad_domain', scope: 'domain' },
  expired: { class: 'expired', scope: 'message' },
  unknown: { class: 'unrecognised', scope: 'message' },
};

interface ProviderBounce {
  /** RFC 3463, such as `5.1.1`. */
  readonly status: string | null;
  /** The reply of the receiving server. */
  readonly words: string | null;
  /** The provider's classification, stored as the rule: `ses:Permanent/General`. */
  readonly rule: string;
  readonly cause: BounceCause;
}

/** Classifies the receiving server's reply with the table of refusals, then by the provider's classification. */
export function bounceEvidence({ status, words, rule, cause }: ProviderBounce): Evidence {
  const verdict = reportedDelivery([{ action: 'failed', status, diagnostic: words }]);
  const read = verdict?.kind === 'failed' ? verdict.fate : undefined;
  if (read !== undefined && read.class !== 'unrecognised') return { kind: 'bounced', fate: read };
  const reply = words === null ? null : shortReply(words);
  return { kind: 'bounced', fate: { kind: 'failed', ...FALLBACK[cause], code: status, reply, rule } };
}

/** The provider still tries to deliver. */
export function delayEvidence(status: string | null, words: string | null): Evidence | undefined {
  const verdict = reportedDelivery([{ action: 'delayed', status, diagnostic: words }]);
  return verdict?.kind === 'delayed' ? verdict : undefined;
}
