const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Waits before each further round or attempt, in milliseconds; the last one repeats. */
export const RETRY_WAITS: readonly number[] = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];

const JITTER = 0.2;

/**
 * Milliseconds to wait before try `attempt` (1 = the first repetition); `chance` in [0, 1) spreads it by ±20 %. `first`
 * is the first wait, and the others scale with it.
 */
export function retryWait(attempt: number, chance: number, first = MINUTE): number {
  const wait = RETRY_WAITS[Math.min(Math.max(attempt, 1), RETRY_WAITS.length) - 1] ?? HOUR;
  return Math.round(((wait * first) / MINUTE) * (1 - JITTER + 2 * JITTER * chance));
}

/** Troubles that pass with an hour, a day or the care of an operator. */
const SLOW_TROUBLES: readonly string[] = ['server_quota_exceeded', 'server_full'];

/**
 * Milliseconds that a lane waits for a mail server after `downs` earlier waits in a row: 5 s, doubled up to 5 min; for a
 * quota or a full server 1 min, doubled up to an hour. `first` is the first wait before a further round, and scales them.
 */
export function laneWait(reason: string, downs: number, first = MINUTE): number {
  const [shortest, longest] = SLOW_TROUBLES.includes(reason) ? [first, 60 * first] : [first / 12, 5 * first];
  return Math.min(shortest * 2 ** downs, longest);
}

export interface RoundNeed {
  /** Entries deferred to a further round. */
  readonly deferred: number;
  readonly uncertain: number;
  /** The policy is `resend`, and no round has re-sent the uncertain ones yet. */
  readonly mayResend: boolean;
  /** Number of the next round. */
  readonly round: number;
  readonly now: Date;
  /** After this time nothing is tried again. */
  readonly expires: Date;
  /** Minimum wait before an uncertain recipient is mailed again, in milliseconds. */
  readonly resendAfter: number;
  /** Wait before the first further round, in milliseconds. */
  readonly firstRetry: number;
}

export interface NextRound {
  readonly takes: readonly ('deferred' | 'uncertain')[];
  readonly due: Date;
}

/** The entries of the next round and its due time; undefined if nothing is left to do or the time is over. */
export function nextRound(need: RoundNeed, chance: number): NextRound | undefined {
  const resends = need.mayResend && need.uncertain > 0;
  const retry = need.deferred > 0 ? within(need, retryWait(need.round, chance, need.firstRetry)) : undefined;
  // If the deferred ones have expired, the single re-send may still be in time.
  const wait = retry ?? (resends ? within(need, need.resendAfter) : undefined);
  if (wait === undefined) return undefined;
  const takes: NextRound['takes'][number][] = retry === undefined ? [] : ['deferred'];
  if (resends && wait >= need.resendAfter) takes.push('uncertain');
  return { takes, due: new Date(need.now.getTime() + wait) };
}

function within({ now, expires }: RoundNeed, wait: number): number | undefined {
  return now.getTime() + wait <= expires.getTime() ? wait : undefined;
}
