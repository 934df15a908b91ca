/** A lane of a campaign that sends or waits to send in one process. */
export interface LaneShare {
  readonly account: number;
  readonly campaign: number;
}

/** A lane and the time since which it sends or waits, in monotonic milliseconds. */
export interface Lane extends LaneShare {
  readonly since: number;
}

/** When an account or a campaign last got a turn; -Infinity for one that has had none. */
export interface LastTurns {
  account(account: number): number;
  campaign(campaign: number): number;
}

/**
 * The waiting lanes in the order in which they get the next turns: first accounts with the fewest turns, of these the one that
 * has gone longest without; within an account the same for its campaigns.
 */
export function inTurnOrder<W extends Lane>(
  waiting: readonly W[],
  running: readonly LaneShare[],
  last: LastTurns,
): W[] {
  const turns = turnCounts(running);
  const rank = ({ account, campaign, since }: W) => [
    turns.ofAccount(account),
    last.account(account),
    turns.ofCampaign(campaign),
    last.campaign(campaign),
    since,
  ];
  return waiting
    .map((lane) => ({ lane, rank: rank(lane) }))
    .toSorted((one, other) => compare(one.rank, other.rank))
    .map(({ lane }) => lane);
}

/**
 * The turn that ends so that this lane may have one: of an account that has at least two turns more than the lane's account, or
 * one more for `shortest` milliseconds. Within an account the same holds for its campaigns.
 */
export function turnToEnd<R extends Lane>(
  lane: LaneShare,
  running: readonly R[],
  { now, shortest }: { readonly now: number; readonly shortest: number },
): R | undefined {
  const turns = turnCounts(running);
  const lead = (turn: R): number =>
    turn.account === lane.account
      ? turns.ofCampaign(turn.campaign) - turns.ofCampaign(lane.campaign)
      : turns.ofAccount(turn.account) - turns.ofAccount(lane.account);
  const mayEnd = (turn: R) => lead(turn) > 1 || (lead(turn) === 1 && now - turn.since >= shortest);
  const rank = (turn: R) => [-turns.ofAccount(turn.account), -turns.ofCampaign(turn.campaign), turn.since];
  return running.filter(mayEnd).toSorted((one, other) => compare(rank(one), rank(other)))[0];
}

/**
 * Of the campaigns that send in any process, those without a lane in this one: their lanes may wait in the task queue behind
 * those of others. One lane of a campaign works in a process at a time, so a campaign needs no second one here.
 */
export function missingCampaigns(sending: readonly LaneShare[], present: readonly LaneShare[]): number[] {
  const here = new Set(present.map(({ campaign }) => campaign));
  return sending.map(({ campaign }) => campaign).filter((campaign) => !here.has(campaign));
}

function turnCounts(lanes: readonly LaneShare[]) {
  const accounts = new Map<number, number>();
  const campaigns = new Map<number, number>();
  for (const { account, campaign } of lanes) {
    accounts.set(account, (accounts.get(account) ?? 0) + 1);
    campaigns.set(campaign, (campaigns.get(campaign) ?? 0) + 1);
  }
  return {
    ofAccount: (account: number) => accounts.get(account) ?? 0,
    ofCampaign: (campaign: number) => campaigns.get(campaign) ?? 0,
  };
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [at, value] of one.entries()) {
    const than = other[at] ?? 0;
    if (value !== than) return value < than ? -1 : 1;
  }
  return 0;
}
