import type { SettlingEvidence } from '../delivery/evidence.js';
import type { RefusalScope } from '../delivery/outcome.js';
import type { ExceptionKind, RecipientStatus } from './campaign.js';

/** A recipient whose story is not simply "sent". `i` is the place on the page. */
export interface PageException {
  readonly i: number;
  readonly kind: ExceptionKind;
  readonly class: string;
  readonly scope: RefusalScope;
  readonly code: string | null;
  readonly reply: string | null;
  /** Version and id of the rule that read the reply, where one did. */
  readonly rule?: string;
  readonly at: Date;
  /** Token of the owner that left this recipient in doubt. */
  readonly by: string | null;
  /** The round that took this recipient up again. */
  readonly next: number | null;
  /** Late evidence settled it, and the event of that is not appended yet. */
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
  /** The last round that took entries of this page up; it takes no more. */
  readonly marked?: number;
}

/** What one advance writes: both marks, what came of the recipients between the old and the new `settled`, told. */
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

/** What is known of the recipient at place `i`, from the marks and the exceptions entries alone (docs/architecture/protocol.md "Documents"). */
export function recipientAt(
  page: Pick<LedgerPage, 'settled' | 'claimed' | 'exceptions' | 'done'>,
  i: number,
): RecipientStatus {
  if (i < page.settled) return page.exceptions.find((entry) => entry.i === i)?.kind ?? 'sent';
  // A page is closed above its marks only by a cancel: those recipients were never claimed.
  return page.done ? 'skipped' : 'pending';
}
