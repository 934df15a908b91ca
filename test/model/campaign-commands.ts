import fc from 'fast-check';
import { now } from '../../clock.js';
import type { TakenKind } from '../../domain/campaign.js';
import { campaigns } from '../../store/campaigns.js';
import { ledger } from '../../store/ledger.js';
import { rounds } from '../../store/rounds.js';
import { deed } from './deed.js';
import { freeze, keyOf } from './freezer.js';
import { endCancelled, somethingIsDeferred } from './heal.js';
import { Broken } from './invariants.js';
import { resume } from './network.js';
import { someFaults } from './page-commands.js';
import { progressOf, rowOf, type World } from './world.js';

const MOST_ROUNDS = 3;

const freezes = fc.tuple(fc.nat({ max: 1 }), fc.integer({ min: 1, max: 3 }), someFaults).map(([at, steps, faults]) =>
  deed(
    `${steps} step(s) of freezer ${at} [${faults}]`,
    () => true,
    async (world) => {
      const freezer = world.freezers[at];
      if (freezer === undefined) return;
      if (freezer.line.operation !== undefined) return resume(freezer.line);
      freezer.line.faults.splice(0, Infinity, ...faults);
      for (let step = 0; step < steps && freezer.line.operation === undefined; step++) await freeze(world, freezer);
    },
  ),
);

/** Opens the next round where something waits for one: once, however often it is asked. */
async function openNext(world: World, round: number, twice: boolean): Promise<boolean> {
  const { rounds: opened } = await rowOf(world);
  const resend = world.resends && !opened.some(({ takes }) => takes.includes('uncertain'));
  if (round >= MOST_ROUNDS || !(resend || (await somethingIsDeferred(world)))) return false;
  const takes: TakenKind[] = resend ? ['deferred', 'uncertain'] : ['deferred'];
  const open = () => progressOf(world).openRound(world.key, round + 1, { takes, due: now() });
  const done = [await open(), twice && (await open())];
  if (done.filter(Boolean).length > 1) throw new Broken(5, `round ${round + 1} was opened twice`);
  return true;
}

async function endIt(world: World, round: number): Promise<string> {
  await rounds(world.store).expire(world.key.account, world.key.campaign);
  await progressOf(world).close(world.key, round, 'sent');
  return 'to its end';
}

const kinds = fc.constantFrom<TakenKind[]>(['failed'], ['uncertain'], ['failed', 'uncertain']);

const goesOn = fc
  .record({ twice: fc.boolean(), takes: kinds, only: fc.option(fc.nat({ max: 3 })) })
  .map(({ twice, takes, only }) =>
    deed(
      'the plot goes on',
      () => true,
      async (world) => {
        const { state, round } = await rowOf(world);
        world.round = Math.max(0, round);
        if (state === 'sent') return retry(world, takes, only);
        if (state === 'freezing' && (await isFrozen(world, 0))) await progressOf(world).frozen(world.key, 1);
        if (state !== 'sending' || !(await isThrough(world, round))) return 'but is not through';
        return (await openNext(world, round, twice)) ? 'with a next round' : endIt(world, round);
      },
    ),
  );

/** An operator's retry by a double click, of all or of every fourth on the list. */
async function retry(world: World, takes: readonly TakenKind[], only: number | null): Promise<string> {
  const seen = await rowOf(world);
  if (seen.round >= MOST_ROUNDS) return 'no more';
  const chosen = only === null ? {} : { only: world.list.filter((_, k) => k % 4 !== only) };
  const round = { takes, due: now(), ...chosen };
  const clicks = await Promise.all([1, 2].map(() => campaigns(world.store).reopen(seen, round)));
  if (clicks.filter(Boolean).length !== 1) throw new Broken(1, 'a double click did not make one round');
  return `by a retry of ${takes}`;
}

const leaves = fc.nat({ max: 11 }).map((which) =>
  deed(
    `subscriber ${which} leaves`,
    (world) => world.left.size < 3,
    (world) => {
      const id = world.list[which];
      if (id !== undefined) world.left.add(id);
    },
  ),
);

const cancels = fc.nat({ max: 14 }).map((chance) =>
  deed(
    'cancel, sweep and cut',
    () => chance === 0,
    async (world) => {
      const row = await rowOf(world);
      if (row.state !== 'sending' && row.state !== 'freezing' && row.state !== 'cancelled') return;
      if (row.state !== 'cancelled') await campaigns(world.store).cancel(row);
      await endCancelled(world);
    },
  ),
);

async function isFrozen(world: World, round: number): Promise<boolean> {
  return (await rounds(world.store).lastPage({ ...keyOf(world), round }))?.last === true;
}

async function isThrough(world: World, round: number): Promise<boolean> {
  const key = { ...keyOf(world), round };
  return (await isFrozen(world, round)) && (await ledger(world.store, 0).openPages(key)) === 0;
}

export const campaignCommands = [freezes, freezes, goesOn, goesOn, goesOn, leaves, cancels];
