import type { ExceptionFate } from './classify.js';

/** What somebody told us about one of our mails after it had left. */
export type Evidence =
  | { readonly kind: 'bounced'; readonly fate: ExceptionFate }
  /** Somebody's server still tries. */
  | { readonly kind: 'delayed'; readonly fate: ExceptionFate }
  | { readonly kind: 'delivered' }
  /** `detail`: who said so and how, without addresses. */
  | { readonly kind: 'complained'; readonly detail: string | null }
  /** A mail to the `mailto:` of List-Unsubscribe. */
  | { readonly kind: 'left' };

/** What settles a mail whose outcome was unknown. */
export interface SettlingEvidence {
  readonly kind: 'sent' | 'failed';
  readonly class: string;
  readonly code: string | null;
  /** Addresses scrubbed. */
  readonly reply: string | null;
  readonly rule?: string;
  readonly at: Date;
}

/** Types of feedback (RFC 5965 §7.3) that mean: I do not want this mail. */
const COMPLAINTS = ['abuse', 'fraud', 'virus', 'other'];

/** What a feedback report means; undefined where nobody complains, such as `not-spam`. */
export function feedbackEvidence(type: string): Evidence | undefined {
  if (type === 'opt-out' || type === 'opt-out-list') return { kind: 'left' };
  return COMPLAINTS.includes(type) ? { kind: 'complained', detail: `feedback report: ${type}` } : undefined;
}

/** Days after which what came in is forgotten, whether it was understood or not. */
export const REPORT_RETENTION_DAYS = 14;
