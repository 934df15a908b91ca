import type { SettlingEvidence } from '../delivery/evidence.js';
import type { RefusalScope } from '../delivery/outcome.js';
import type { ExceptionKind, RecipientStatus } from './campaign.js';

/** A recipient whose outcome is not simply "sent". `i` is the index on the page. */
export interface PageException {
  readonly i: number;
  readonly kind: ExceptionKind;
  readonly class: string;
  readonly scope: RefusalScope;
  readonly code: string | null;
  readonly reply: string | null;
  /** Version and id of the rule that classified the reply, where one matched. */
  readonly rule?: string;
  readonly at: Date;
  /** Token of the owner that left this recipient uncertain. */
  readonly by: string | null;
  /** The later round that retries this recipient. */
  readonly next: number | null;
  /** Late evidence settled it, and its event is not appended yet. */
  readonly unpublished?: boolean;
}

/** One page of a campaign's round; docs/architecture/protocol.md "Documents". */
export interface LedgerPage {
  readonly _id: string;
  readonly account: number;
  readonly campaign: number;
  readonly launch: number;
  readonly round: number;
  readonly page: number;
  readonly ids: readonly number[];
  readonly n: number;
  readonly last: boolean;
  readonly settled: number;
  readonly claimed: number;
  readonly exceptions: readonly PageException[];
  readonly published: number;
  readonly token: string | null;
  readonly seen: Date;
  readonly done: boolean;
  /** The last round that marked entries of this page; it marks no more. */
  readonly marked?: number;
}

/** One advance: both marks, the exceptions between the old and the new `settled`, and `published`. */
export interface Step {
  readonly settled: number;
  readonly claimed: number;
  readonly published: number;
  readonly exceptions: readonly PageException[];
}

export interface LateEvidence extends SettlingEvidence {
  readonly i: number;
  /** Only an entry that the owner with this token left uncertain. */
  readonly by?: string;
}

/** The status of the recipient at index `i`, from the marks and the exceptions alone (docs/architecture/protocol.md "Documents"). */
export function recipientAt(
  page: Pick<LedgerPage, 'settled' | 'claimed' | 'exceptions' | 'done'>,
  i: number,
): RecipientStatus {
  if (i < page.settled) return page.exceptions.find((entry) => entry.i === i)?.kind ?? 'sent';
  // A page is closed above its marks only by a cancel: those recipients were never claimed.
  return page.done ? 'skipped' : 'pending';
}
