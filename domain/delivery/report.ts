import { type ExceptionFate, fateOfRefusal } from './classify.js';

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
