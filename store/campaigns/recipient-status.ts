import type { RecipientStatus } from '../../domain/campaign/campaign.js';
import {
  CANCELLED_CLASS,
  type LedgerPage,
  type PageException,
  recipientAt,
} from '../../domain/campaign/ledger-page.js';

/** Position of a recipient in a campaign's pages, in their order. */
export interface RecipientPosition {
  readonly round: number;
  readonly page: number;
  readonly i: number;
}

/** A recipient as one page shows it. */
export interface RecipientOnPage extends RecipientPosition {
  readonly subscriber_id: number;
  readonly status: RecipientStatus;
  readonly class: string | null;
  readonly code: string | null;
  readonly reply: string | null;
  /** Rounds in which a mail to this recipient may have been sent: here 0 or 1. */
  readonly attempts: number;
  readonly updated_at: Date | null;
}

/** The fields of a page that decide the status of its recipients. */
export type PageMarks = Pick<LedgerPage, 'round' | 'page' | 'settled' | 'claimed' | 'done' | 'seen'>;

/** The recipient at index `i`; `entry` is its exception, if it has one. */
export function recipientOnPage(
  page: PageMarks,
  i: number,
  subscriber_id: number,
  entry: PageException | undefined,
): RecipientOnPage {
  const waiting = entry?.next != null;
  const status = waiting ? 'deferred' : (entry?.kind ?? recipientAt({ ...page, exceptions: [] }, i));
  const cut = entry === undefined && status === 'skipped';
  return {
    round: page.round,
    page: page.page,
    i,
    subscriber_id,
    status,
    class: entry?.class ?? (cut ? CANCELLED_CLASS : null),
    code: entry?.code ?? null,
    reply: entry?.reply ?? null,
    attempts: i < page.claimed && mayHaveLeft(entry) ? 1 : 0,
    updated_at: entry?.at ?? settledAt(page, i),
  };
}

/** Sent recipients have no time of their own: the page's last write is the nearest. A released page has no such time. */
function settledAt(page: PageMarks, i: number): Date | null {
  return i < page.settled && page.seen.getTime() > 0 ? page.seen : null;
}

/** Failures found before anything was offered to a server. */
const NEVER_OFFERED = ['render_error', 'eai_unsupported', 'invalid_address'];

/** Whether a claimed recipient's mail was offered to a server: sent, uncertain, in flight, or answered with a code. */
export function mayHaveLeft(entry: PageException | undefined): boolean {
  if (entry === undefined || entry.kind === 'sent' || entry.kind === 'uncertain') return true;
  return entry.kind !== 'skipped' && entry.code !== null && !NEVER_OFFERED.includes(entry.class);
}
