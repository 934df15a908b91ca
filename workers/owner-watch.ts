import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { elapsedSince, type Instant, instant } from '../activities/campaign/page/owner.js';
import { type Chain, withBeat } from '../domain/delivery/owner-watch.js';
import type { ProtocolTimes } from '../domain/delivery/protocol.js';
import { within } from '../domain/within.js';
import { type DeadOwners, tokenOf } from '../store/mongo/lease.js';
import type { Owners } from '../store/processes/owners.js';

export interface OwnerWatchDeps {
  readonly rows: Owners;
  readonly times: ProtocolTimes;
  readonly log: Pick<Logger, 'warn'>;
}

/** Beats under way at once: one that hangs on a lost connection must not stop the others. */
const BEATS_AT_ONCE = 5;

interface State {
  /** The id of this process as an owner. */
  id: string;
  chain: Chain | undefined;
  /** When the last beat that was confirmed had begun. */
  last: Instant | undefined;
  dead: readonly string[];
  /** When this process began, or last learned of a death: pages may become free without a missed beat. */
  changed: Instant | undefined;
}

/**
 * Says that this process lives, and declares owners dead that have been silent while this process could write
 * (docs/architecture/protocol.md "Dead owners").
 */
export function ownerWatch(deps: OwnerWatchDeps) {
  const { rows, times } = deps;
  const state: State = { id: newId(), chain: undefined, last: undefined, dead: [], changed: undefined };
  const beat = () => beatOnce(deps, state);
  let underway = 0;
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    if (underway >= BEATS_AT_ONCE) return;
    underway += 1;
    void beat()
      .catch(() => undefined)
      .finally(() => {
        underway -= 1;
      });
  };
  return {
    /** Names this process as the owner; under another id once it was declared dead. */
    newToken: (): string => tokenOf(state.id),
    dead: { ids: () => state.dead, unwrittenFor: times.beatGap } satisfies DeadOwners,
    /** Whether the pages of an owner may soon be free: it has missed beats, was not seen to beat yet, or has died a moment ago. */
    ownersAreUndecided: (): boolean =>
      isWithin(state.changed, times.silence) ||
      (state.chain?.isUndecided === true && isWithin(state.last, times.beatGap)),
    /** One beat. Throws where the store does not answer. */
    beat,
    /** Beats from now on. */
    begin: (): void => {
      state.changed = instant();
      next();
      timer = setInterval(next, times.beatEvery).unref();
    },
    /** The process writes and sends no more. Where the store does not answer, the others notice it by themselves. */
    end: async (): Promise<void> => {
      if (timer === undefined) return;
      clearInterval(timer);
      const ended = rows.end(state.id).catch(() => undefined);
      await within(times.beatGap, ended, undefined);
    },
  };
}

async function beatOnce({ rows, times, log }: OwnerWatchDeps, state: State): Promise<void> {
  const began = instant();
  const { id } = state;
  const primary = await rows.election();
  await rows.beat(id, primary ?? '');
  const all = await rows.all();
  const { last } = state;
  // A later beat was confirmed before this one.
  if (last !== undefined && began.monotonic < last.monotonic) return;
  const owners = all.filter((one) => one.dead_at === null && one._id !== id);
  const gap = elapsedSince(last ?? began);
  const { monotonic: read } = instant();
  state.chain = withBeat(state.chain, { primary, began: began.monotonic, read, gap, owners }, times);
  state.last = began;
  const dead = all.flatMap(({ _id, dead_at }) => (dead_at === null ? [] : _id));
  if (dead.some((one) => !state.dead.includes(one))) state.changed = instant();
  state.dead = dead;
  if (state.dead.includes(id) && state.id === id) {
    state.id = newId();
    log.warn({ owner: id }, 'this process could not write for too long: others take over its mail, and it goes on');
  }
  for (const { _id, beats } of state.chain.silent) {
    if (!(await rows.declareDead({ _id, beats }))) continue;
    state.dead = [...state.dead, _id];
    state.changed = instant();
    log.warn({ owner: _id }, 'a process has ended without its orderly stop: others take over its mail');
  }
}

function isWithin(since: Instant | undefined, ms: number): boolean {
  return since !== undefined && elapsedSince(since) < ms;
}

function newId(): string {
  return randomBytes(8).toString('hex');
}
