/** The audience of a campaign by status: `recipients` is the total, and each recipient is in exactly one of the other counts. */
export interface Totals {
  readonly recipients: number;
  readonly pending: number;
  /** Claimed and not settled: a mail may be in flight. */
  readonly in_flight: number;
  readonly sent: number;
  readonly failed: number;
  readonly uncertain: number;
  readonly skipped: number;
  readonly deferred: number;
}

/** Sums over the pages of one round. */
export interface RoundTotals extends Totals {
  readonly round: number;
  /** Whether the last page of this round is stored. */
  readonly complete: boolean;
  readonly claimed: number;
  /** Entries that a later round retries, by that round. */
  readonly taken: readonly { readonly round: number; readonly n: number }[];
}

export interface CampaignTotals extends Totals {
  /** Whether any mail may have been sent. */
  readonly anySent: boolean;
}

/**
 * Adds up the rounds. A retried recipient counts in the round that retries them. While the pages of that round are still
 * being created, recipients without a page count as deferred. Recipients missing from a complete round are not corrected for.
 */
export function totalsOf(rounds: readonly RoundTotals[]): CampaignTotals {
  const sum = (count: (round: RoundTotals) => number) => rounds.reduce((total, round) => total + count(round), 0);
  return {
    recipients: sum(({ round, recipients }) => (round === 0 ? recipients : 0)),
    pending: sum(({ pending }) => pending),
    in_flight: sum(({ in_flight }) => in_flight),
    sent: sum(({ sent }) => sent),
    failed: sum(({ failed }) => failed),
    uncertain: sum(({ uncertain }) => uncertain),
    skipped: sum(({ skipped }) => skipped),
    deferred: sum(({ deferred }) => deferred) + withoutPageYet(rounds),
    anySent: rounds.some(({ claimed }) => claimed > 0),
  };
}

function withoutPageYet(rounds: readonly RoundTotals[]): number {
  const taken = new Map<number, number>();
  for (const { round, n } of rounds.flatMap((each) => each.taken)) taken.set(round, (taken.get(round) ?? 0) + n);
  let waiting = 0;
  for (const [number, n] of taken) {
    const stored = rounds.find(({ round }) => round === number);
    if (stored?.complete !== true) waiting += n - (stored?.recipients ?? 0);
  }
  return waiting;
}
