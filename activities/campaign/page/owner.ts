import { monotonic, now } from '../../../clock.js';
import type { LedgerPage, PageException } from '../../../domain/campaign/ledger-page.js';
import type { ProtocolTimes } from '../../../domain/delivery/protocol.js';
import type { Ledger } from '../../../store/campaigns/ledger.js';
import type { Alive, Verdict } from '../../../store/mongo/conditional-writes.js';

export interface PageOwnerDeps {
  readonly ledger: Ledger;
  readonly times: ProtocolTimes;
  /** Publishes the entries from `published` on: events and suppressions. Idempotent. */
  readonly publish: (page: LedgerPage, entries: readonly PageException[]) => Promise<void>;
}

export interface PageAdvance {
  readonly settled: number;
  readonly claimed: number;
  readonly exceptions: readonly PageException[];
}

export type PageOwner = ReturnType<typeof ownPage>;

/**
 * The one writer of a page while an attempt owns it. One page write at a time; the lease is trusted locally for
 * `times.trust` from the moment the last confirmed write was *sent*, by the shorter of two clocks.
 */
export function ownPage({ ledger, times, publish }: PageOwnerDeps, taken: LedgerPage, sentAt: Instant, alive: Alive) {
  let page = taken;
  let confirmed = sentAt;
  let lost = false;
  /** The higher mark while a write of it is under way. */
  let claiming = taken.claimed;

  const trusted = () => !lost && elapsedSince(confirmed) < times.trust;
  const confirm = (verdict: Verdict, at: Instant, after: LedgerPage) => {
    lost = verdict === 'lost';
    if (lost) return;
    page = after;
    confirmed = at;
  };
  const advance = async (move: PageAdvance, published = page.published): Promise<boolean> => {
    const at = instant();
    claiming = move.claimed;
    const verdict = await ledger.advance(page, { ...move, published }, alive);
    confirm(verdict, at, { ...page, ...move, published, exceptions: [...page.exceptions, ...move.exceptions] });
    return !lost;
  };
  const publishAll = async (): Promise<void> => {
    const published = page.exceptions.length;
    if (published === page.published) return;
    await publish(page, page.exceptions.slice(page.published));
    await advance({ settled: page.settled, claimed: page.claimed, exceptions: [] }, published);
  };

  return {
    page: () => page,
    lost: () => lost,
    trusted,
    /** Mails that are claimed, or about to be, and not settled. */
    inFlight: () => Math.max(claiming, page.claimed) - page.settled,
    /** Settles and claims in one write; true: this owner sends to the claimed recipients. */
    advance: (move: PageAdvance) => advance(move),
    renewIfDue: async (): Promise<void> => {
      if (elapsedSince(confirmed) < times.renewEvery) return;
      const at = instant();
      confirm(await ledger.renew(page, alive), at, page);
    },
    /** Ends ownership with nothing in flight: publishes the remaining entries, then finishes or releases the page. */
    close: async (): Promise<void> => {
      await publishAll();
      if (lost) return;
      if (page.settled === page.n) await ledger.finish(page, alive);
      else await ledger.release(page, alive);
    },
  };
}

/** A moment on both clocks. */
export interface Instant {
  readonly wall: number;
  readonly monotonic: number;
}

export function instant(): Instant {
  return { wall: now().getTime(), monotonic: monotonic() };
}

/** The longer of both clocks: a jump of the wall clock may only shorten trust. */
export function elapsedSince(then: Instant): number {
  const at = instant();
  return Math.max(at.wall - then.wall, at.monotonic - then.monotonic);
}
