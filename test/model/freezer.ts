import { now } from '../../clock.js';
import { campaignProgress } from '../../store/campaign-progress.js';
import { rounds } from '../../store/rounds.js';
import { outcomeIsUnknown } from '../../store/unknown.js';
import { issue, type Line, over } from './network.js';
import { type Freezer, rowOf, type World } from './world.js';

export function aFreezer(world: World, size: number): Freezer {
  const line: Line = { faults: [] };
  const store = over(world.store, line, world.underway, world.bend);
  return { line, store, size, round: 0, phase: 'open', before: null };
}

/** One step of freeze(R); true where the chain is complete. A lost answer leaves the step to be repeated. */
export async function freeze(world: World, freezer: Freezer): Promise<boolean> {
  let complete = false;
  await issue(freezer.line, async () => {
    try {
      complete = await step(world, freezer);
    } catch (error) {
      if (!outcomeIsUnknown(error)) throw error;
    }
  });
  return complete;
}

async function step(world: World, freezer: Freezer): Promise<boolean> {
  if (freezer.phase === 'open') return open(world, freezer);
  if (freezer.phase === 'mark') return mark(world, freezer);
  return lay(world, freezer);
}

async function open(world: World, freezer: Freezer): Promise<boolean> {
  const row = await rowOf(world);
  freezer.round = Math.max(row.round, 0);
  if (row.round < 0) {
    const first = { takes: [], due: now() };
    await campaignProgress(freezer.store).openRound(world.key, 0, first, {
      up_to: world.list.at(-1) ?? null,
      sender: null,
    });
    if ((await rowOf(world)).round < 0) return false;
  }
  freezer.phase = freezer.round === 0 ? 'lay' : 'mark';
  freezer.before = null;
  return false;
}

async function mark(world: World, freezer: Freezer): Promise<boolean> {
  const key = { ...keyOf(world), round: freezer.round };
  const round = (await rowOf(world)).rounds[freezer.round];
  if (round === undefined || (await rounds(freezer.store).openBefore(key)) > 0) return false;
  await rounds(freezer.store).mark(key, round.takes, round.only && new Set(round.only));
  freezer.phase = 'lay';
  return false;
}

async function lay(world: World, freezer: Freezer): Promise<boolean> {
  const store = rounds(freezer.store);
  const key = { ...keyOf(world), round: freezer.round };
  freezer.before ??= await store.lastPage(key);
  if (!freezer.before?.last) {
    const ids: number[] = [];
    for await (const id of idsAfter(world, key, freezer.before?.ids.at(-1) ?? 0)) {
      if (ids.push(id) > freezer.size) break;
    }
    const page = (freezer.before?.page ?? -1) + 1;
    freezer.before = await store.lay(key, page, ids.slice(0, freezer.size), ids.length <= freezer.size);
  }
  if (!freezer.before.last) return false;
  freezer.phase = 'open';
  return true;
}

function idsAfter(
  world: World,
  key: { account: number; campaign: number; launch: number; round: number },
  after: number,
) {
  if (key.round > 0) return rounds(world.store).marked(key, after);
  return world.list.filter((id) => id > after && !world.left.has(id));
}

export function keyOf({ key: { account, campaign, launch } }: World) {
  return { account, campaign, launch };
}
