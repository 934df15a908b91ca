import { advance, anAttempt, close, FAIR_LEASE, hand, renew, take, tell, WRONG_LEASE, waiting } from './attempt.js';
import { type Fault, resume } from './network.js';
import { type Attempt, aToken, type World } from './world.js';

/** What the attempt in a slot does next: what its state allows, as `dice` (0 to 99) chooses; says what it did. */
export async function act(world: World, at: number, dice: number, faults: readonly Fault[]): Promise<string> {
  const attempt = world.slots[at];
  if (attempt === undefined) return 'nothing';
  if (attempt.line.operation !== undefined) return actWhileItWaits(world, at, attempt, dice);
  attempt.line.faults.splice(0, Number.POSITIVE_INFINITY, ...faults);
  if (attempt.state !== 'working') return takeOne(world, at, attempt, dice);
  if (dice < 3) return crash(world, at, attempt);
  const open = waiting(attempt);
  if (open.length > 0 && dice < 75) return handOver(world, attempt, open, dice);
  if (dice < 7) return renew(attempt).then(() => 'renew');
  if (dice < 10) return tell(world, attempt).then(() => 'tell');
  return dice < 85 && !isThrough(attempt) ? move(world, attempt, dice) : end(world, attempt, dice);
}

/** A hanging write is nobody's reason to rest: claimed mail is handed over, the attempt may die, the line may go on. */
function actWhileItWaits(world: World, at: number, attempt: Attempt, dice: number): Promise<string> | string {
  const open = waiting(attempt);
  if (dice < 10) return crash(world, at, attempt);
  if (dice < 40 && open.length > 0) return handOver(world, attempt, open, dice);
  return dice < 60 ? 'wait' : resume(attempt.line).then(() => 'the line goes on');
}

/** Takes a free page; where there is none, often one that somebody else still works on. */
async function takeOne(world: World, at: number, before: Attempt, dice: number): Promise<string> {
  if (before.state === 'lost') world.ghosts.push(before);
  const attempt = before.state === 'idle' ? before : anAttempt(world, aToken(world));
  world.slots[at] = attempt;
  if (attempt !== before) attempt.line.faults.push(...before.line.faults);
  if (dice % 2 === 0) attempt.token = aToken(world);
  if (dice >= 10) await take(world, attempt, FAIR_LEASE);
  const free = attempt.line.operation === undefined && attempt.state === 'idle';
  if (free && dice < 60) await take(world, attempt, WRONG_LEASE);
  if (attempt.state === 'working') await advance(world, attempt, dice % 3);
  return `take ${attempt.page?._id} (${attempt.state})`;
}

function crash(world: World, at: number, attempt: Attempt): string {
  attempt.state = 'dead';
  world.crashed.push(attempt);
  world.slots[at] = anAttempt(world, aToken(world));
  return 'crash';
}

function handOver(world: World, attempt: Attempt, open: readonly number[], dice: number): string {
  const some = dice % 3 === 0 ? open.slice(0, 1) : open;
  for (const i of some) hand(world, attempt, i);
  return `hand over ${some}`;
}

function isThrough({ page }: Attempt): boolean {
  return page !== undefined && page.settled === page.n;
}

async function move(world: World, attempt: Attempt, dice: number): Promise<string> {
  const before = attempt.page;
  await advance(world, attempt, dice % 4);
  const { page } = attempt;
  const open = waiting(attempt);
  const handed = dice % 2 === 0 && open.length > 0 ? `, ${handOver(world, attempt, open, dice)}` : '';
  return `advance ${before?.settled},${before?.claimed} to ${page?.settled},${page?.claimed} (${attempt.state})${handed}`;
}

async function end(world: World, attempt: Attempt, dice: number): Promise<string> {
  if (dice % 8 > 0) await tell(world, attempt);
  await advance(world, attempt, 0);
  if (attempt.state === 'working' && attempt.line.operation === undefined) await close(attempt);
  return `end (${attempt.state})`;
}
