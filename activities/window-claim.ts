import { monotonic } from '../clock.js';
import type { LedgerPage } from '../domain/page.js';
import type { Rate } from '../domain/transport.js';
import { roomToClaim } from '../domain/window.js';
import type { Routes, Way } from '../mail/routes/routes.js';
import type { Buckets, Grant } from '../store/buckets.js';
import { outcomeIsUnknown } from '../store/unknown.js';
import type { Attempt } from './attempt.js';
import type { Candidate, Roster } from './roster.js';

export interface ClaimDeps {
  readonly routes: Pick<Routes, 'ready' | 'way'>;
  readonly buckets: Buckets;
}

/** The next recipients to claim: those who are skipped among them cost no token. */
export interface Claim {
  readonly upTo: number;
  readonly candidates: readonly Candidate[];
  /** The transport whose tokens were taken. */
  readonly paid: string | undefined;
}

interface Prepared extends Claim {
  readonly from: number;
}

const LONGEST_WAIT = 200;
const NO_GRANT: Grant = { tokens: 0, wait: LONGEST_WAIT };

/**
 * Decides how far to claim: room in the window, a healthy transport, fresh rows, tokens (PROTOCOL "Work on a page" 1–3).
 * All of that is asked for behind the page's work, which goes on settling and renewing while a server keeps silent.
 */
export function claimer(deps: ClaimDeps, attempt: Attempt, roster: Roster, news: () => void) {
  let askAgainAt = 0;
  let askedAt: number | undefined;
  let prepared: Prepared | undefined;

  const lease = (way: Way | undefined, wanted: number): Promise<Grant> | Grant => {
    const rates = ratesOf(attempt, way);
    if (wanted === 0 || rates.length === 0) return { tokens: wanted, wait: 0 };
    return deps.buckets.lease(rates, wanted).catch(() => NO_GRANT);
  };

  const prepare = async (from: number, room: number): Promise<void> => {
    if ((await deps.routes.ready()) !== undefined) {
      attempt.giveUpTransport();
      return;
    }
    const line = await roster.next(from, room, attempt.ahead());
    const way = deps.routes.way();
    const { tokens, wait } = await lease(way, line.filter((candidate) => 'subscriber' in candidate).length);
    askAgainAt = wait === 0 ? 0 : monotonic() + wait;
    const candidates = affordable(line, tokens);
    if (candidates.length > 0) prepared = { from, upTo: from + candidates.length, candidates, paid: way?.id };
  };

  const ask = (from: number, room: number): void => {
    askedAt = monotonic();
    prepare(from, room)
      .catch((error) => {
        // A store that does not answer now is asked again; what is claimed is settled meanwhile.
        if (outcomeIsUnknown(error)) askAgainAt = monotonic() + LONGEST_WAIT;
        else attempt.fail(error);
      })
      .finally(() => {
        askedAt = undefined;
        news();
      });
  };

  return {
    /** Milliseconds until another try makes sense. */
    waitFor: (): number => {
      const left = askAgainAt - monotonic();
      return left > 0 ? Math.min(LONGEST_WAIT, Math.ceil(left)) : LONGEST_WAIT;
    },

    /** An answer is due any moment: settling can go into the same write as the claim. */
    soon: (): boolean => attempt.mayClaim() && askedAt !== undefined && monotonic() - askedAt < LONGEST_WAIT,

    /** What may be claimed now; otherwise asks for it where there is room, and news are called when it is there. */
    next: (page: LedgerPage, settled: number, window: number): Claim | undefined => {
      const claim = prepared;
      prepared = undefined;
      if (!attempt.mayClaim()) return undefined;
      if (claim?.from === page.claimed && roster.isFresh()) return claim;
      const room = roomToClaim(page, settled, window);
      const worthIt = room >= leastClaim(page, settled, window);
      if (worthIt && askedAt === undefined && monotonic() >= askAgainAt) ask(page.claimed, room);
      return undefined;
    },
  };
}

/** While mail is open, claiming waits for half a window: fewer, larger writes. */
function leastClaim(page: LedgerPage, settled: number, window: number): number {
  if (settled === page.claimed) return 1;
  return Math.max(1, Math.min(Math.ceil(window / 2), page.n - page.claimed));
}

/** The campaign's own first: what it does not get is not taken from account and transport, which others share. */
function ratesOf(attempt: Attempt, way: Way | undefined): Rate[] {
  const perSecond = attempt.rate();
  const own = perSecond === null ? [] : [{ key: `campaign:${attempt.campaign()._id}`, perSecond }];
  return [...own, ...(way?.rates ?? [])];
}

/** The longest head of the line that the tokens pay for. */
function affordable(line: readonly Candidate[], tokens: number): Candidate[] {
  let left = tokens;
  const end = line.findIndex((candidate) => 'subscriber' in candidate && left-- <= 0);
  return end < 0 ? [...line] : line.slice(0, end);
}
