import { KNOWN_DEFERRING_DOMAIN } from '../delivery/blame.js';
import type { SettlingEvidence } from '../delivery/evidence.js';
import type { Fate, RefusalScope } from '../delivery/outcome.js';
import { decideForAddress, KNOWN_BAD_DOMAIN } from '../delivery/suppression.js';
import type { SubscriberStatus } from '../subscriber/subscriber.js';
import type { ExceptionKind, RecipientStatus, RetriedKind } from './campaign.js';
import type { Exclusions } from './exclusions.js';

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
  /** Late evidence settled it, or a restore made it uncertain, and the event of that is not appended yet. */
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
  /** The lowest id of the page; absent on an empty page, and on pages of earlier versions. */
  readonly first_id?: number;
  /**
   * On pages of the first round: people of the list behind the page before, up to the last id of this one, who are not on it;
   * the last page also counts those behind it. Absent on pages of earlier versions, and where a cancel ended the chain.
   */
  readonly excluded?: Exclusions;
  readonly n: number;
  readonly last: boolean;
  readonly settled: number;
  readonly claimed: number;
  readonly exceptions: readonly PageException[];
  readonly published: number;
  readonly token: string | null;
  readonly seen: Date;
  readonly done: boolean;
  /** When its last owner took it, and `settled` at that time; absent before, and on pages of earlier versions. */
  readonly taken?: { readonly at: Date; readonly settled: number };
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

/** The class of a recipient whom a cancel left unsent. */
export const CANCELLED_CLASS = 'cancelled';

/** A recipient who may have been mailed after the backup from which the database was restored. */
export const RESTORED_ENTRY = {
  ...{ kind: 'uncertain', class: 'restored', scope: 'session', code: null, reply: null, by: null, next: null },
} as const satisfies Omit<PageException, 'i' | 'at'>;

/** Whether the entry is of a kind that a round takes. */
export function isTaken({ kind, class: reason }: PageException, takes: readonly RetriedKind[]): boolean {
  if (kind === 'skipped') return reason === CANCELLED_CLASS && takes.includes('unsent');
  return takes.some((taken) => taken === kind);
}

/** Fates known so far of the recipients between the marks, by their index on the page. */
export type Fates = ReadonlyMap<number, Fate>;

/** The lowest index without a fate: as far as `settled` may move (docs/architecture/protocol.md "Operations on a page"). */
export function lowestUnfinished(page: Pick<LedgerPage, 'settled' | 'claimed'>, fates: Fates): number {
  let place = page.settled;
  while (place < page.claimed && fates.has(place)) place++;
  return place;
}

/** How many more recipients may be claimed: claimed − settled never exceeds the window. */
export function claimCapacity(page: Pick<LedgerPage, 'claimed' | 'n'>, settled: number, window: number): number {
  return Math.max(0, Math.min(page.n, settled + window) - page.claimed);
}

/** The exceptions among the recipients that settle; a recipient without an entry is sent. */
export function exceptionsAmong(fates: Fates, from: number, to: number, at: Date): PageException[] {
  const exceptions: PageException[] = [];
  for (let i = from; i < to; i++) {
    const fate = fates.get(i);
    if (fate === undefined) throw new RangeError(`place ${i} settles without a fate`);
    if (fate.kind === 'sent') continue;
    exceptions.push({ i, ...fate, at, by: null, next: null });
  }
  return exceptions;
}

/** Whether a server's reply decided this fate. */
export function serverAnswered(fate: Fate): boolean {
  if (fate.kind === 'sent') return true;
  return fate.kind !== 'skipped' && fate.rule !== KNOWN_BAD_DOMAIN && fate.rule !== KNOWN_DEFERRING_DOMAIN;
}

/** Whether the server refuses the sender and not the recipient: the next recipient would be refused too. */
export function isSenderRefusal(fate: Fate): boolean {
  if (fate.kind !== 'failed' && fate.kind !== 'deferred') return false;
  return fate.scope === 'sender' && SENDER_REFUSAL_CLASSES.includes(fate.class);
}

const SENDER_REFUSAL_CLASSES: readonly string[] = ['auth_failure', 'invalid_sender'];

/** A hard bounce, or a letter that cannot be rendered: with too many of them the campaign is paused. */
export function countsForPause(entry: PageException): boolean {
  return entry.class === 'render_error' || decideForAddress(entry) === 'suppress';
}

/** A refusal that concerns the transport and not the recipient. Greylisting is a matter of each recipient. */
export function isTransportFailure(fate: Fate): boolean {
  if (fate.kind === 'deferred' && fate.class === 'greylisted') return false;
  return fate.kind === 'deferred' && (fate.scope === 'session' || fate.scope === 'infrastructure');
}

/** The state of a subscriber that decides whether they may be mailed. */
interface SubscriberState {
  readonly status: SubscriberStatus;
  /** When they last unsubscribed. */
  readonly left_at?: Date;
}

type Skipped = Extract<Fate, { readonly class: string }>;

/** Why a frozen recipient is skipped, by the state read right before the claim; undefined: mail them. */
export function leftSinceFreeze(
  subscriber: SubscriberState | undefined,
  suppressed: boolean,
  frozenAt: Date | undefined,
): Skipped | undefined {
  if (subscriber === undefined) return skipped('gone');
  if (subscriber.status !== 'active') return skipped(subscriber.status);
  if (suppressed) return skipped('suppressed');
  // Who left and came back since gets the next campaign, not the rest of this one.
  const { left_at } = subscriber;
  return left_at !== undefined && frozenAt !== undefined && left_at >= frozenAt ? skipped('unsubscribed') : undefined;
}

function skipped(reason: string): Skipped {
  return { kind: 'skipped', class: reason, scope: 'address', code: null, reply: null };
}
