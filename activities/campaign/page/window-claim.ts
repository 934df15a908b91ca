import { monotonic } from '../../../clock.js';
import { claimCapacity, type LedgerPage } from '../../../domain/campaign/ledger-page.js';
import type { Rate } from '../../../domain/transport.js';
import type { FailoverTransport, Route } from '../../../mail/transports/failover.js';
import { outcomeIsUnknown } from '../../../store/mongo/unknown-outcome.js';
import type { Buckets, Grant } from '../../../store/transports/token-buckets.js';
import type { Attempt } from '../attempt.js';
import type { Candidate, RecipientReader } from './recipient-reader.js';

export interface ClaimDeps {
  readonly routes: Pick<FailoverTransport, 'ready' | 'route'>;
  readonly tokenBuckets: Buckets;
}

/** The next recipients to claim; skipped ones cost no token. */
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
 * Decides how far to claim: room in the window, a healthy transport, fresh rows, tokens (docs/architecture/protocol.md "Work on a page" 1–3).
 * It runs in the background: the page goes on settling and renewing while a server does not answer.
 */
export function claimer(deps: ClaimDeps, attempt: Attempt, recipients: RecipientReader, notify: () => void) {
  let retryAt = 0;
  let requestedAt: number | undefined;
  let prepared: Prepared | undefined;

  const prepare = async (from: number, capacity: number): Promise<void> => {
    const trouble = await deps.routes.ready();
    if (trouble !== undefined) {
      attempt.markTransportDown(trouble.what);
      return;
    }
    const upcoming = await recipients.next(from, capacity, attempt.readAhead());
    const route = deps.routes.route();
    const wanted = upcoming.filter((candidate) => 'subscriber' in candidate).length;
    const { tokens, wait } = await leased(deps, attempt, route, wanted);
    retryAt = wait === 0 ? 0 : monotonic() + wait;
    const candidates = affordable(upcoming, tokens);
    if (candidates.length > 0) prepared = { from, upTo: from + candidates.length, candidates, paid: route?.id };
  };

  const prepareInBackground = (from: number, capacity: number): void => {
    requestedAt = monotonic();
    prepare(from, capacity)
      .catch((error) => {
        // The store did not answer: retry later. Claimed recipients are settled meanwhile.
        if (outcomeIsUnknown(error)) retryAt = monotonic() + LONGEST_WAIT;
        else attempt.fail(error);
      })
      .finally(() => {
        requestedAt = undefined;
        notify();
      });
  };

  return {
    /** Milliseconds until the next try. */
    waitFor: (): number => waitUntil(retryAt),

    /** Whether a claim is about to be ready, so that settling can go into the same write. */
    soon: (): boolean => attempt.mayClaim() && requestedAt !== undefined && monotonic() - requestedAt < LONGEST_WAIT,

    /** The claim that is ready; otherwise prepares one in the background where the window has capacity, and calls `notify`. */
    next: (page: LedgerPage, settled: number, window: number): Claim | undefined => {
      const claim = prepared;
      const capacity = claimCapacity(page, settled, window);
      const isUsable = claim?.from === page.claimed && recipients.isFresh() && attempt.mayClaim();
      if (isUsable && capacity === 0) return undefined;
      prepared = undefined;
      if (isUsable) return firstOf(claim, capacity);
      if (!attempt.mayClaim()) return undefined;
      const worthIt = capacity >= leastClaim(page, settled, window);
      if (worthIt && requestedAt === undefined && monotonic() >= retryAt) prepareInBackground(page.claimed, capacity);
      return undefined;
    },
  };
}

async function leased(
  { tokenBuckets }: ClaimDeps,
  attempt: Attempt,
  route: Route | undefined,
  wanted: number,
): Promise<Grant> {
  const rates = ratesOf(attempt, route);
  if (wanted === 0 || rates.length === 0) return { tokens: wanted, wait: 0 };
  const grant = await tokenBuckets.lease(rates, wanted).catch(() => NO_GRANT);
  // What is shown about the rate does not stop the mail.
  await attempt.watchRate(grant).catch(() => undefined);
  return grant;
}

function waitUntil(at: number): number {
  const left = at - monotonic();
  return left > 0 ? Math.min(LONGEST_WAIT, Math.ceil(left)) : LONGEST_WAIT;
}

/** What still fits where another attempt has taken part of the window meanwhile. Its tokens are lost: that only sends less. */
function firstOf(claim: Prepared, capacity: number): Claim {
  if (claim.candidates.length <= capacity) return claim;
  return { ...claim, upTo: claim.from + capacity, candidates: claim.candidates.slice(0, capacity) };
}

/** While mail is open, claiming waits for half a window: fewer, larger writes. */
function leastClaim(page: LedgerPage, settled: number, window: number): number {
  if (settled === page.claimed) return 1;
  return Math.max(1, Math.min(Math.ceil(window / 2), page.n - page.claimed));
}

/** The campaign's own rate first: tokens that it refuses are not taken from the shared rates of account and transport. */
function ratesOf(attempt: Attempt, route: Route | undefined): Rate[] {
  const perSecond = attempt.rate();
  const own = perSecond === null ? [] : [{ key: `campaign:${attempt.campaign()._id}`, perSecond }];
  return [...own, ...(route?.rates ?? [])];
}

/** The longest run of next recipients that the tokens pay for. */
function affordable(upcoming: readonly Candidate[], tokens: number): Candidate[] {
  let left = tokens;
  const end = upcoming.findIndex((candidate) => 'subscriber' in candidate && left-- <= 0);
  return end < 0 ? [...upcoming] : upcoming.slice(0, end);
}
