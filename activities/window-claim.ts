import { monotonic } from '../clock.js';
import type { LedgerPage } from '../domain/page.js';
import { roomToClaim } from '../domain/window.js';
import type { Transport } from '../mail/transport.js';
import type { Buckets, Grant, RateScope } from '../store/buckets.js';
import type { Attempt } from './attempt.js';
import type { Candidate, Roster } from './roster.js';

export interface ClaimDeps {
  readonly transport: Pick<Transport, 'ready'>;
  readonly buckets: Buckets;
}

/** The next recipients to claim: those who are skipped among them cost no token. */
export interface Claim {
  readonly upTo: number;
  readonly candidates: readonly Candidate[];
}

const LONGEST_WAIT = 200;
const NO_GRANT: Grant = { tokens: 0, wait: LONGEST_WAIT };

/** Decides how far to claim: room in the window, a healthy transport, fresh rows, tokens (PROTOCOL "Work on a page" 1–3). */
export function claimer(deps: ClaimDeps, attempt: Attempt, roster: Roster) {
  let askAgainAt = 0;

  const lease = (wanted: number): Promise<Grant> | Grant => {
    const scopes = rateScopes(attempt);
    if (wanted === 0 || scopes.length === 0) return { tokens: wanted, wait: 0 };
    return deps.buckets.lease(scopes, wanted).catch(() => NO_GRANT);
  };

  return {
    /** Milliseconds until another try makes sense. */
    waitFor: (): number => Math.max(1, Math.min(LONGEST_WAIT, askAgainAt - monotonic() || LONGEST_WAIT)),

    next: async (page: LedgerPage, settled: number, window: number): Promise<Claim | undefined> => {
      const room = roomToClaim(page, settled, window);
      if (room < leastClaim(page, settled, window) || monotonic() < askAgainAt) return undefined;
      if ((await deps.transport.ready()) !== undefined) {
        attempt.giveUpTransport();
        return undefined;
      }
      const line = await roster.next(page.claimed, room, attempt.ahead());
      const { tokens, wait } = await lease(line.filter((candidate) => 'subscriber' in candidate).length);
      askAgainAt = wait === 0 ? 0 : monotonic() + wait;
      const candidates = affordable(line, tokens);
      return candidates.length === 0 ? undefined : { upTo: page.claimed + candidates.length, candidates };
    },
  };
}

/** While mail is open, claiming waits for half a window: fewer, larger writes. */
function leastClaim(page: LedgerPage, settled: number, window: number): number {
  if (settled === page.claimed) return 1;
  return Math.max(1, Math.min(Math.ceil(window / 2), page.n - page.claimed));
}

function rateScopes(attempt: Attempt): RateScope[] {
  const perSecond = attempt.rate();
  return perSecond === null ? [] : [{ key: `campaign:${attempt.campaign()._id}`, perSecond }];
}

/** The longest head of the line that the tokens pay for. */
function affordable(line: readonly Candidate[], tokens: number): Candidate[] {
  let left = tokens;
  const end = line.findIndex((candidate) => 'subscriber' in candidate && left-- <= 0);
  return end < 0 ? [...line] : line.slice(0, end);
}
