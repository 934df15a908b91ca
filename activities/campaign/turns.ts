import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../clock.js';
import { inTurnOrder, type Lane, type LaneShare, turnToEnd } from '../../domain/delivery/fair-turns.js';
import type { ActivityContext } from '../heartbeat.js';

export interface TurnSettings {
  /** Turns at once. */
  readonly slots: number;
  /** Milliseconds that a turn lasts at least while its account or campaign has one more than another that waits. */
  readonly shortest: number;
  /** Milliseconds after which a waiting lane goes back to the task queue, where another process may have a slot for it. */
  readonly longestWait: number;
  /** Lanes of one account in this process, so that it leaves room for those of others. */
  readonly lanesOfAccount: number;
  readonly heartbeatEvery: number;
}

/** The right to claim mail. */
interface Turn {
  /** Aborted when the slot is another's: claim no more, settle what is claimed. */
  readonly over: AbortSignal;
  end(): void;
}

/** A lane without a turn: it comes back (`more`), or its account has too many lanes here (`busy`). */
type NoTurn = 'more' | 'busy';

export interface TurnDeps {
  /** Whether this process has connections for the account's campaigns. */
  readonly sendsHere: (account: number) => Promise<boolean>;
  readonly turns: Pick<Turns, 'take' | 'stepAside'>;
  readonly activityContext: () => ActivityContext;
  /** SIGTERM: lanes that wait leave. */
  readonly stopping: AbortSignal;
}

export type Turns = ReturnType<typeof fairTurns>;

interface Holder extends Lane {
  readonly over: AbortController;
}

interface Waiter extends Lane {
  readonly decide: (turn: Turn | NoTurn) => void;
}

interface State {
  readonly settings: TurnSettings;
  readonly held: Set<Holder>;
  readonly waiting: Set<Waiter>;
  /** When each account and each campaign that is here last got a turn. */
  readonly last: { readonly accounts: Map<number, number>; readonly campaigns: Map<number, number> };
  aside: number;
  changed: () => void;
}

/**
 * The slots of a process, shared by account first, then by campaign. A turn that another lane should have is over at once: the
 * other begins while the first still waits for replies, so that a slow server delays only its own mail.
 */
export function fairTurns(settings: TurnSettings) {
  const last = { accounts: new Map<number, number>(), campaigns: new Map<number, number>() };
  const state: State = { settings, held: new Set(), waiting: new Set(), last, aside: 0, changed: () => undefined };
  return {
    take: (lane: LaneShare, context: ActivityContext, stopping: AbortSignal) => take(state, lane, context, stopping),
    /** Waits shortly, so that another process may take the lane's next task. */
    stepAside: (stopping: AbortSignal) => stepAside(state, stopping),
    /** Lanes that send or wait to send. */
    present: (): LaneShare[] => [...running(state), ...state.waiting],
    /** Lanes that need no slot: their turn is over and they settle their last mails, or they have stepped aside. */
    resting: (): number => state.held.size - running(state).length + state.aside,
    /** Calls back after each change. */
    onChange: (listener: () => void): void => {
      state.changed = listener;
    },
  };
}

/** Runs the work of a lane during a turn; what cancels its activity or ends the turn is one signal. */
export async function inTurn<R>(
  { turns, stopping, activityContext, sendsHere }: TurnDeps,
  lane: LaneShare,
  work: (context: ActivityContext) => Promise<R>,
): Promise<R | NoTurn> {
  const { cancelled, heartbeat } = activityContext();
  if (!(await sendsHere(lane.account))) return turns.stepAside(stopping);
  const turn = await turns.take(lane, { cancelled, heartbeat }, stopping);
  if (turn === 'more' || turn === 'busy') return turn;
  try {
    return await work({ heartbeat, cancelled: AbortSignal.any([cancelled, turn.over]) });
  } finally {
    turn.end();
  }
}

function running({ held }: State): Holder[] {
  return [...held].filter(({ over }) => !over.signal.aborted);
}

/** Waits for a turn while the process does not stop, the activity is not cancelled and the wait is not too long. */
async function take(
  state: State,
  { account, campaign }: LaneShare,
  { cancelled, heartbeat }: ActivityContext,
  stopping: AbortSignal,
): Promise<Turn | NoTurn> {
  const { lanesOfAccount, longestWait, heartbeatEvery, shortest } = state.settings;
  const own = [...state.held, ...state.waiting].filter((lane) => lane.account === account);
  if (own.length >= lanesOfAccount) return 'busy';
  const left = AbortSignal.any([cancelled, stopping]);
  const timers: NodeJS.Timeout[] = [];
  const turn = await new Promise<Turn | NoTurn>((decide) => {
    const waiter: Waiter = { account, campaign, since: monotonic(), decide };
    const leave = () => state.waiting.delete(waiter) && decide('more');
    state.waiting.add(waiter);
    balance(state);
    if (!state.waiting.has(waiter)) return;
    if (left.aborted) leave();
    left.addEventListener('abort', leave, { once: true });
    timers.push(setTimeout(leave, longestWait), setInterval(heartbeat, heartbeatEvery));
    // A turn may have to end only because it has lasted long enough.
    timers.push(setInterval(() => balance(state), shortest / 4));
  });
  for (const timer of timers) clearInterval(timer);
  if (turn === 'more') forget(state, { account, campaign });
  return turn;
}

/** Milliseconds until a lane comes back that another process should take. */
const ASIDE_FOR = 500;

async function stepAside(state: State, stopping: AbortSignal): Promise<NoTurn> {
  state.aside += 1;
  state.changed();
  await delay(ASIDE_FOR, undefined, { signal: stopping }).catch(() => undefined);
  state.aside -= 1;
  state.changed();
  return 'more';
}

function balance(state: State): void {
  while (giveOne(state));
  state.changed();
}

/** Gives a slot to the first waiting lane that may have one; false: there is none. */
function giveOne(state: State): boolean {
  const turns = running(state);
  const last = {
    account: (account: number) => state.last.accounts.get(account) ?? Number.NEGATIVE_INFINITY,
    campaign: (campaign: number) => state.last.campaigns.get(campaign) ?? Number.NEGATIVE_INFINITY,
  };
  const { slots, shortest } = state.settings;
  // One lane of a campaign can use all connections of the process; a second would only make the windows smaller.
  const waiting = [...state.waiting].filter(({ campaign }) => turns.every((turn) => turn.campaign !== campaign));
  for (const waiter of inTurnOrder(waiting, turns, last)) {
    const isFree = turns.length < slots;
    const ending = isFree ? undefined : turnToEnd(waiter, turns, { now: monotonic(), shortest });
    if (!isFree && ending === undefined) continue;
    begin(state, waiter);
    ending?.over.abort();
    return true;
  }
  return false;
}

function begin(state: State, waiter: Waiter): void {
  const { account, campaign } = waiter;
  const holder: Holder = { account, campaign, since: monotonic(), over: new AbortController() };
  state.waiting.delete(waiter);
  state.held.add(holder);
  state.last.accounts.set(account, holder.since);
  state.last.campaigns.set(campaign, holder.since);
  waiter.decide({
    over: holder.over.signal,
    end: () => {
      state.held.delete(holder);
      forget(state, holder);
      balance(state);
    },
  });
}

/** What is no longer here counts as never served. */
function forget({ held, waiting, last }: State, { account, campaign }: LaneShare): void {
  const lanes = [...held, ...waiting];
  if (!lanes.some((lane) => lane.account === account)) last.accounts.delete(account);
  if (!lanes.some((lane) => lane.campaign === campaign)) last.campaigns.delete(campaign);
}
