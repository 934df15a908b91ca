/** Where the audience of a campaign stands: each recipient is in exactly one of these, but for `recipients`, their number. */
export interface Totals {
  readonly recipients: number;
  readonly pending: number;
  /** Claimed and not settled: a mail may be on its way. */
  readonly in_flight: number;
  readonly sent: number;
  readonly failed: number;
  readonly uncertain: number;
  readonly skipped: number;
  readonly deferred: number;
}

/** What the pages of one round say, added up. */
export interface RoundTotals extends Totals {
  readonly round: number;
  /** The chain of this round has its last page. */
  readonly complete: boolean;
  readonly claimed: number;
  /** Entries that a later round took up, by that round. */
  readonly taken: readonly { readonly round: number; readonly n: number }[];
}

export interface CampaignTotals extends Totals {
  /** Whether a byte of any mail may have left. */
  readonly anySent: boolean;
}

/**
 * Adds up the rounds. Whoever was taken up counts in the round that took them; while that round is still being laid, the
 * ones it has no page for wait, so they count as deferred. A complete round is never mended: what it forgot would show.
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
    const laid = rounds.find(({ round }) => round === number);
    if (laid?.complete !== true) waiting += n - (laid?.recipients ?? 0);
  }
  return waiting;
}
