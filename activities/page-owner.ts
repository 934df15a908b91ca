import { monotonic, now } from '../clock.js';
import type { LedgerPage, OddEntry } from '../domain/page.js';
import type { ProtocolTimes } from '../domain/protocol.js';
import type { Alive, Verdict } from '../store/conditional-writes.js';
import type { Ledger } from '../store/ledger.js';

export interface OwnerDeps {
  readonly ledger: Ledger;
  readonly times: ProtocolTimes;
  /** Makes the entries from `told` on known: events, suppressions. Repeating it changes nothing. */
  readonly tell: (page: LedgerPage, entries: readonly OddEntry[]) => Promise<void>;
}

export interface Move {
  readonly settled: number;
  readonly claimed: number;
  readonly odd: readonly OddEntry[];
}

export type PageOwner = ReturnType<typeof ownPage>;

/**
 * The one writer of a page while an attempt owns it. One page write at a time; the lease is trusted locally for
 * `times.trust` from the moment the last confirmed write was *sent*, by the shorter of two clocks.
 */
export function ownPage({ ledger, times, tell }: OwnerDeps, taken: LedgerPage, sentAt: Instant, alive: Alive) {
  let page = taken;
  let confirmed = sentAt;
  let lost = false;

  const trusted = () => !lost && elapsedSince(confirmed) < times.trust;
  const confirm = (verdict: Verdict, at: Instant, after: LedgerPage) => {
    lost = verdict === 'lost';
    if (lost) return;
    page = after;
    confirmed = at;
  };
  const advance = async (move: Move, told = page.told): Promise<boolean> => {
    const at = instant();
    const verdict = await ledger.advance(page, { ...move, told }, alive);
    confirm(verdict, at, { ...page, ...move, told, odd: [...page.odd, ...move.odd] });
    return !lost;
  };
  const tellAll = async (): Promise<void> => {
    const told = page.odd.length;
    if (told === page.told) return;
    await tell(page, page.odd.slice(page.told));
    await advance({ settled: page.settled, claimed: page.claimed, odd: [] }, told);
  };

  return {
    page: () => page,
    lost: () => lost,
    trusted,
    /** Settles and claims in one write; true: the claimed ones are ours to send. */
    advance: (move: Move) => advance(move),
    renewIfDue: async (): Promise<void> => {
      if (elapsedSince(confirmed) < times.renewEvery) return;
      const at = instant();
      confirm(await ledger.renew(page, alive), at, page);
    },
    /** Ends ownership with nothing in flight: tells what is untold, then finishes the page or gives it back. */
    close: async (): Promise<void> => {
      await tellAll();
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
