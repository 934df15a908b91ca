import { now } from '../../clock.js';
import { ledger } from '../../store/ledger.js';
import { rounds } from '../../store/rounds.js';
import { advance, anAttempt, close, hand, take, tell, tellEntries, WRONG_LEASE, waiting } from './attempt.js';
import { freeze, keyOf } from './freezer.js';
import { type Line, resume } from './network.js';
import { type Attempt, aToken, pagesOf, progressOf, rowOf, type World } from './world.js';

const MOST_ROUNDS = 4;

/** Faults stop, everybody dies, and one healthy worker brings the campaign to its end (invariant 7). */
export async function heal(world: World): Promise<void> {
  await everybodyDies(world);
  await deliver(world.underway.splice(0, Math.ceil(world.underway.length / 2)));
  for (let turn = 0; turn < 40; turn++) {
    const row = await rowOf(world);
    if (row.state === 'sent') return;
    if (row.state === 'cancelled') return endCancelled(world);
    await freezeAll(world);
    await workAll(world);
    await goOn(world);
  }
}

/** What was still on its way arrives after the end, twice; doubtful mail is accepted after all. */
export async function aftermath(world: World): Promise<void> {
  await deliver([...world.underway, ...world.underway]);
  while (world.receiver.open.length > 0) world.receiver.resolve(0, 'drop_accepted');
}

async function everybodyDies(world: World): Promise<void> {
  const attempts = [...world.slots, ...world.ghosts, ...world.crashed];
  for (const attempt of attempts) attempt.state = 'dead';
  for (const { line } of [...attempts, ...world.freezers]) {
    line.faults.length = 0;
    await untilThrough(line);
  }
}

async function untilThrough(line: Line): Promise<void> {
  while (line.parked !== undefined) await resume(line);
  await line.operation;
}

async function deliver(writes: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const write of writes) await write().catch(refusedAsDuplicate);
}

/** A page that is laid already stays as it is. */
export function refusedAsDuplicate(error: unknown): void {
  if ((error as { code?: unknown }).code !== 11_000) throw error;
}

async function freezeAll(world: World): Promise<void> {
  const [freezer] = world.freezers;
  if (freezer === undefined) return;
  freezer.phase = 'open';
  for (let turn = 0; turn < 40 && !(await freeze(world, freezer)); turn++);
  const row = await rowOf(world);
  world.round = row.round;
  if (row.state === 'freezing') await progressOf(world).frozen(world.key, world.list.length);
}

async function workAll(world: World): Promise<void> {
  for (let page = 0; page < 20; page++) {
    const worker = anAttempt(world, aToken(world));
    await take(world, worker, WRONG_LEASE);
    if (worker.page === undefined) return;
    await workPage(world, worker, worker.page.n);
  }
}

async function workPage(world: World, worker: Attempt, n: number): Promise<void> {
  for (let turn = 0; turn < 40 && (worker.page?.settled ?? n) < n; turn++) {
    await advance(world, worker, 2);
    for (const i of waiting(worker)) {
      hand(world, worker, i);
      world.receiver.resolve(
        world.receiver.open.length - 1,
        isPatient(world, worker.page?.ids[i]) ? 'defer' : 'accept',
      );
    }
  }
  await tell(world, worker);
  await advance(world, worker, 0);
  await close(worker);
}

/** The first on the list is accepted in the third round only, so that every run has rounds. */
function isPatient({ list, round }: World, id: number | undefined): boolean {
  return id === list[0] && round < 2;
}

/** The plot after a round: a next one while something is deferred, then the end. */
async function goOn(world: World): Promise<void> {
  const { account, campaign } = keyOf(world);
  const { round } = await rowOf(world);
  if (round < MOST_ROUNDS && (await somethingIsDeferred(world))) {
    await progressOf(world).openRound(world.key, round + 1, { takes: ['deferred'], due: now() });
    return;
  }
  await rounds(world.store).expire(account, campaign);
  await progressOf(world).close(world.key, round, 'sent');
}

export async function somethingIsDeferred(world: World): Promise<boolean> {
  const pages = await pagesOf(world);
  return pages.some((page) => page.odd.some((entry) => entry.kind === 'deferred' && entry.next === null));
}

/** After a cancel: the round that was being laid is laid to its end, what is in flight becomes doubt, pages are cut. */
export async function endCancelled(world: World): Promise<void> {
  const { account, campaign } = keyOf(world);
  if ((await rowOf(world)).round > 0) await freezeAll(world);
  while ((await ledger(world.store, WRONG_LEASE).sweep(account, campaign)) !== undefined);
  for await (const page of rounds(world.store).atRest(account, campaign)) {
    await tellEntries(world, page, page.odd.slice(page.told));
    await rounds(world.store).cut(page);
  }
  await progressOf(world).closeCancelled(world.key);
}
