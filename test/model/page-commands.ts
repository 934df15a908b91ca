import fc from 'fast-check';
import { now } from '../../clock.js';
import { ledger } from '../../store/ledger.js';
import { act } from './act.js';
import { FAIR_LEASE, tellEntries, WRONG_LEASE } from './attempt.js';
import { deed, pick } from './deed.js';
import { keyOf } from './freezer.js';
import { refusedAsDuplicate } from './heal.js';
import type { Fault } from './network.js';
import type { Resolution } from './receiver.js';

export const someFaults = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Fault[]>([]) },
  { weight: 2, arbitrary: fc.array(fc.constantFrom<Fault>('drop', 'deaf', 'late', 'twice', 'hang'), { maxLength: 2 }) },
);
const place = fc.nat({ max: 11 });
const resolutions = fc.constantFrom<Resolution>(
  ...(['accept', 'accept', 'refuse', 'defer', 'drop_accepted', 'drop_lost', 'before'] as const),
);

/** One of the attempts does what its state allows; `dice` chooses among it. */
const acts = fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 99 }), someFaults).map(([at, dice, faults]) =>
  deed(
    `attempt ${at} [${faults}]`,
    (world) => world.slots[at] !== undefined,
    (world) => act(world, at, dice, faults),
  ),
);

const resolves = fc.tuple(place, resolutions, fc.boolean()).map(([which, how, all]) =>
  deed(
    `the receiver: ${how} (${all ? 'all' : which})`,
    (world) => world.receiver.open.length > 0,
    ({ receiver }) => {
      receiver.resolve(which, how);
      while (all && receiver.open.length > 0) receiver.resolve(0, how);
    },
  ),
);

const deliveries = fc.tuple(place, fc.boolean()).map(([which, again]) =>
  deed(
    `a late write arrives (${which})${again ? ', and will again' : ''}`,
    (world) => world.underway.length > 0,
    async (world) => {
      const at = which % world.underway.length;
      const [late] = world.underway.slice(at, at + 1);
      if (!again) world.underway.splice(at, 1);
      await late?.().catch(refusedAsDuplicate);
    },
  ),
);

const haunts = place.map((which) =>
  deed(
    `a ghost tries every write (${which})`,
    (world) => world.ghosts.length > 0,
    async (world) => {
      const ghost = pick(world.ghosts, which);
      if (ghost?.page === undefined || ghost.line.operation !== undefined) return;
      const { page } = ghost;
      ghost.line.faults.length = 0;
      const mine = ghost.open(FAIR_LEASE);
      const reach = Math.min(page.n, page.claimed + 1);
      const once = () => true;
      await mine.advance(page, { settled: page.settled, claimed: reach, told: page.told, odd: [] }, once);
      await mine.renew(page, once);
      await mine.finish(page, once);
      await mine.release({ ...page, settled: page.claimed }, once);
    },
  ),
);

const evidence = fc.tuple(place, place).map(([which, at]) =>
  deed(
    `late evidence of a ghost (${which}, ${at})`,
    (world) => world.ghosts.length > 0,
    async (world) => {
      const ghost = pick(world.ghosts, which);
      const [i, kind] = pick([...(ghost?.known ?? [])], at) ?? [];
      if (ghost?.page === undefined || i === undefined || (kind !== 'sent' && kind !== 'failed')) return;
      const said = { class: 'late', code: null, reply: null, at: now(), by: ghost.token };
      await ledger(world.store, FAIR_LEASE).late(ghost.page, { i, kind, ...said });
    },
  ),
);

const sweeps = fc.boolean().map((wrongly) =>
  deed(
    `sweep${wrongly ? ' of the living' : ''}`,
    () => true,
    async (world) => {
      const { account, campaign } = keyOf(world);
      const swept = await ledger(world.store, wrongly ? WRONG_LEASE : FAIR_LEASE).sweep(account, campaign);
      if (swept !== undefined) await tellEntries(world, swept, swept.odd.slice(swept.told));
    },
  ),
);

export const pageCommands = [
  ...Array<typeof acts>(14).fill(acts),
  ...Array<typeof resolves>(7).fill(resolves),
  ...[deliveries, deliveries, haunts, evidence, evidence, sweeps],
];
