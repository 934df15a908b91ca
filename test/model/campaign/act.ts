import { type Fault, resume } from '../network.js';
import {
  advance,
  anAttempt,
  close,
  FAIR_LEASE,
  hand,
  publish,
  renew,
  take,
  WRONG_LEASE,
  waiting,
  wronglyDead,
} from './attempt.js';
import { type Attempt, aToken, type CampaignModel } from './model.js';

/**
 * Runs the next action of the attempt in a slot. `dice` (0 to 99) chooses among those its state allows. Returns a
 * description.
 */
export async function act(model: CampaignModel, at: number, dice: number, faults: readonly Fault[]): Promise<string> {
  const attempt = model.slots[at];
  if (attempt === undefined) return 'nothing';
  if (attempt.connection.operation !== undefined) return actWhileItWaits(model, at, attempt, dice);
  attempt.connection.faults.splice(0, Number.POSITIVE_INFINITY, ...faults);
  if (attempt.state !== 'working') return takeOne(model, at, attempt, dice);
  if (dice < 3) return crash(model, at, attempt);
  const open = waiting(attempt);
  if (open.length > 0 && dice < 75) return handOver(model, attempt, open, dice);
  if (dice < 7) return renew(attempt).then(() => 'renew');
  if (dice < 10) return publish(model, attempt).then(() => 'publish');
  return dice < 85 && !isThrough(attempt) ? move(model, attempt, dice) : end(model, attempt, dice);
}

/** Acts during a hanging write: hands over claimed mail, crashes, or resumes the connection. */
function actWhileItWaits(model: CampaignModel, at: number, attempt: Attempt, dice: number): Promise<string> | string {
  const open = waiting(attempt);
  if (dice < 10) return crash(model, at, attempt);
  if (dice < 40 && open.length > 0) return handOver(model, attempt, open, dice);
  return dice < 60 ? 'wait' : resume(attempt.connection).then(() => 'the connection resumes');
}

/** Takes a free page. If there is none, often takes a page that another attempt still works on, as its lease or its owner count as lost. */
async function takeOne(model: CampaignModel, at: number, before: Attempt, dice: number): Promise<string> {
  if (before.state === 'lost') model.staleAttempts.push(before);
  const attempt = before.state === 'idle' ? before : anAttempt(model, aToken(model));
  model.slots[at] = attempt;
  if (attempt !== before) attempt.connection.faults.push(...before.connection.faults);
  if (dice % 2 === 0) attempt.token = aToken(model);
  if (dice >= 10) await take(model, attempt, FAIR_LEASE);
  const free = attempt.connection.operation === undefined && attempt.state === 'idle';
  if (free && dice < 60) {
    if (dice % 4 < 2) await take(model, attempt, WRONG_LEASE);
    else await take(model, attempt, FAIR_LEASE, wronglyDead(model));
  }
  if (attempt.state === 'working') await advance(model, attempt, dice % 3);
  return `take ${attempt.page?._id} (${attempt.state})`;
}

function crash(model: CampaignModel, at: number, attempt: Attempt): string {
  attempt.state = 'dead';
  model.crashed.push(attempt);
  model.slots[at] = anAttempt(model, aToken(model));
  return 'crash';
}

function handOver(model: CampaignModel, attempt: Attempt, open: readonly number[], dice: number): string {
  const some = dice % 3 === 0 ? open.slice(0, 1) : open;
  for (const i of some) hand(model, attempt, i);
  return `hand over ${some}`;
}

function isThrough({ page }: Attempt): boolean {
  return page !== undefined && page.settled === page.n;
}

async function move(model: CampaignModel, attempt: Attempt, dice: number): Promise<string> {
  const before = attempt.page;
  await advance(model, attempt, dice % 4);
  const { page } = attempt;
  const open = waiting(attempt);
  const handed = dice % 2 === 0 && open.length > 0 ? `, ${handOver(model, attempt, open, dice)}` : '';
  return `advance ${before?.settled},${before?.claimed} to ${page?.settled},${page?.claimed} (${attempt.state})${handed}`;
}

async function end(model: CampaignModel, attempt: Attempt, dice: number): Promise<string> {
  if (dice % 8 > 0) await publish(model, attempt);
  await advance(model, attempt, 0);
  if (attempt.state === 'working' && attempt.connection.operation === undefined) await close(attempt);
  return `end (${attempt.state})`;
}
