import { useClock } from '../../../clock.js';
import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import type { Owner, Owners } from '../../../store/processes/owners.js';
import { ownerWatch } from '../../../workers/owner-watch.js';
import { Broken } from '../campaign/invariants.js';

/**
 * What happens for some seconds. `election`: another primary, which the owner finds only when this phase ends. `suspended`: the
 * machine sleeps, with all processes; the monotonic clock stands still or goes on.
 */
export type Happening =
  | 'well'
  | 'outage'
  | 'election'
  | 'election after an outage'
  | 'suspended'
  | 'suspended by both clocks'
  | 'observer blocked'
  | 'owner blocked'
  | 'owner killed';

export interface Phase {
  readonly happens: Happening;
  readonly seconds: number;
}

/** A deliberate fault: it changes what a watch reads, or when it trusts its own beats. */
export interface WatchMutation {
  readonly beatGap?: number;
  readonly reads?: (owner: Owner, election: string) => Owner;
}

type Name = 'owner' | 'observer' | 'latecomer';

/** Seconds without a beat after which an owner that lives may be found dead, if it alone could not write in one of them. */
const MOST_SILENT = PROTOCOL_TIMES.silence / 1_000 - 1;
/** Seconds without any beat that end no chain. */
const MOST_QUIET = PROTOCOL_TIMES.beatGap / 1_000 - 1;

/** One process that is judged, and two that judge; the second begins in the middle of the phases. */
export async function runPhases(phases: readonly Phase[], mutation: WatchMutation = {}): Promise<void> {
  const clocks = { wall: Date.UTC(2026, 4, 15), monotonic: 1_000 };
  const restore = useClock({ now: () => new Date(clocks.wall), monotonic: () => clocks.monotonic });
  try {
    await run(phases, mutation, clocks);
  } finally {
    restore();
  }
}

interface Clocks {
  wall: number;
  monotonic: number;
}

async function run(phases: readonly Phase[], mutation: WatchMutation, clocks: Clocks): Promise<void> {
  const model = aModel(mutation, clocks);
  await model.seconds('well', 3);
  for (const [at, { happens, seconds }] of phases.entries()) {
    if (at === 1) model.latecomerBegins();
    if (happens === 'suspended' || happens === 'suspended by both clocks') model.sleep(happens, seconds);
    else await model.seconds(happens, seconds);
  }
  await model.seconds('well', 10);
  model.checkEnd();
}

function aModel(mutation: WatchMutation, clocks: Clocks) {
  const rows = new Map<string, Owner>();
  const state = { election: 1, isKilled: false, hasLatecomer: false };
  const excuse = excuses();
  let reachable: readonly Name[] = [];
  const election = () => `election ${state.election}`;
  const times = { ...PROTOCOL_TIMES, beatGap: mutation.beatGap ?? PROTOCOL_TIMES.beatGap };
  const watchOf = (name: Name) => {
    const server = { election, isReachable: () => reachable.includes(name), mutation };
    return ownerWatch({ rows: ownersOf(rows, server), times, log: { warn: () => undefined } });
  };
  // In the order in which they beat.
  const watches = { observer: watchOf('observer'), owner: watchOf('owner'), latecomer: watchOf('latecomer') };
  const id = watches.owner.newToken().split(':')[0] ?? '';
  const isFoundDead = () => rows.get(id)?.dead_at instanceof Date;

  const second = async (happens: Happening): Promise<void> => {
    reachable = presentIn(happens, state);
    clocks.wall += 1_000;
    clocks.monotonic += 1_000;
    if (happens === 'owner blocked') excuse.alone();
    for (const [name, watch] of Object.entries(watches)) if (reachable.includes(name as Name)) await watch.beat();
    if (reachable.includes('owner')) excuse.beats();
    if (isFoundDead() && !state.isKilled && !excuse.isGiven())
      throw new Broken(9, 'a process that could write is dead');
  };
  return {
    latecomerBegins: () => {
      state.hasLatecomer = true;
    },
    sleep: (how: 'suspended' | 'suspended by both clocks', seconds: number): void => {
      excuse.quiet(seconds);
      clocks.wall += seconds * 1_000;
      if (how === 'suspended by both clocks') clocks.monotonic += seconds * 1_000;
    },
    seconds: async (happens: Happening, seconds: number): Promise<void> => {
      if (happens === 'owner killed') state.isKilled = true;
      if (happens === 'election') state.election += 1;
      for (let k = 0; k < seconds; k++) await second(happens);
      if (reachable.length === 0) excuse.quiet(seconds);
      if (happens === 'election after an outage') state.election += 1;
    },
    /** One that has not beaten since the election is left to its lease. */
    checkEnd: (): void => {
      const isJudged = rows.get(id)?.primary === election();
      if (state.isKilled && isJudged && !isFoundDead()) throw new Broken(9, 'a killed process is not found dead');
    },
  };
}

/** Whether the owner may have been found dead although it lives: it could not write while others could. */
function excuses() {
  let silentFor = 0;
  let wasAlone = false;
  let isGiven = false;
  const count = (seconds: number) => {
    silentFor += seconds;
    isGiven ||= wasAlone && silentFor >= MOST_SILENT;
  };
  const beats = () => {
    silentFor = 0;
    wasAlone = false;
  };
  return {
    beats,
    alone: () => {
      wasAlone = true;
      count(1);
    },
    /** No process beats; a chain that was interrupted knows nothing of what was before. */
    quiet: (seconds: number) => (seconds > MOST_QUIET ? beats() : count(seconds)),
    isGiven: () => isGiven,
  };
}

/** The processes that can write in a second. */
function presentIn(
  happens: Happening,
  { isKilled, hasLatecomer }: { isKilled: boolean; hasLatecomer: boolean },
): Name[] {
  if (happens === 'outage' || happens === 'election after an outage') return [];
  const observers: Name[] = happens === 'observer blocked' ? [] : ['observer'];
  const owners: Name[] = isKilled || happens === 'election' || happens === 'owner blocked' ? [] : ['owner'];
  return [...observers, ...owners, ...(hasLatecomer ? (['latecomer'] as const) : [])];
}

interface Server {
  readonly election: () => string;
  readonly isReachable: () => boolean;
  readonly mutation: WatchMutation;
}

/** The rows as `store/processes/owners.ts` writes them, which has tests of its own. */
function ownersOf(rows: Map<string, Owner>, { election, isReachable, mutation }: Server): Owners {
  const reach = () => {
    if (!isReachable()) throw new Error('MongoDB is away');
  };
  return {
    election: async () => {
      reach();
      return election();
    },
    beat: async (_id, primary) => {
      reach();
      const row = rows.get(_id);
      if (row?.dead_at == null) rows.set(_id, { _id, primary, beats: (row?.beats ?? 0) + 1, dead_at: null });
    },
    all: async () => {
      reach();
      return [...rows.values()].map((row) => mutation.reads?.(row, election()) ?? row);
    },
    declareDead: async ({ _id, beats }) => {
      reach();
      const row = rows.get(_id);
      if (row === undefined || row.beats !== beats || row.dead_at !== null) return false;
      rows.set(_id, { ...row, dead_at: new Date(0) });
      return true;
    },
    end: async () => undefined,
  };
}
