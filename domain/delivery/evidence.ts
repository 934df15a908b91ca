import type { ExceptionFate } from './classify.js';

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
