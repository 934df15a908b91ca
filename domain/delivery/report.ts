import { type ExceptionFate, fateOfRefusal } from './classify.js';

/** What a report says of one recipient (RFC 3464 §2.3): lower-cased action, status such as `5.1.1`, the other side's words. */
export interface RecipientReport {
  readonly action: string;
  readonly status: string | null;
  readonly diagnostic: string | null;
}

/** What a report means for our one recipient. */
export type ReportedDelivery =
  | { readonly kind: 'failed'; readonly fate: ExceptionFate }
  | { readonly kind: 'delayed'; readonly fate: ExceptionFate }
  | { readonly kind: 'delivered' };

/** A 4xx that was final in the end was out of time; these words say no more than that. */
const OUT_OF_TIME = ['transient', 'greylisted', 'rate_limited', 'protocol'];

/**
 * Our mails have one recipient each, but somebody may have forwarded theirs to several: as long as one of them has it, the
 * mail has arrived. Undefined where the report says nothing that we know.
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

/** A report is read by the table that reads replies; where it names no basic code its status stands for one. */
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
