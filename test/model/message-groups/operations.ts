import { MongoError } from 'mongodb';
import { now } from '../../../clock.js';
import { FINAL_STATES } from '../../../domain/message/message.js';
import { stepAfter, stepOfEvidence, stepOfLostOwner, stepOfRefusal } from '../../../domain/message/step.js';
import { WAITING } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { Broken } from '../message/model.js';
import { fateOf, mayResend } from '../message/operations.js';
import { checkLost } from './invariants.js';
import { aToken, type GroupModel, rowNow } from './model.js';
import { aProcess, begin, type Holding, isParked, type Process, resumeAll } from './process.js';

/** An action on those of the chosen messages whose state allows it; false: there are none. */
type Action = (model: GroupModel, process: Process, chosen: readonly Message[]) => Promise<boolean> | boolean;

/** What the dice (0 to 99) choose: each up to its number. */
const CHOICES: readonly (readonly [number, Action])[] = [
  [34, claim],
  [52, hand],
  [74, settle],
  [86, renew],
  [94, publish],
  [99, overtake],
];

/** Runs the next action of a process. `mask` chooses messages: bit i is message i. */
export async function act(model: GroupModel, at: number, dice: number, mask: number): Promise<void> {
  const process = model.processes[at];
  if (process === undefined) return;
  if (dice < 5) return crash(model, at, process);
  if (isParked(process) && dice < 30) return resumeAll(process);
  const rows = await model.rows();
  const chosen = rows.filter((_, i) => (mask >> i) % 2 === 1);
  const [, action = claim] = CHOICES.find(([upTo]) => dice <= upTo) ?? [];
  for (const next of [action, hand, settle, claim]) if (await next(model, process, chosen)) return;
}

function crash(model: GroupModel, at: number, process: Process): void {
  process.isAlive = false;
  model.dead.push(process);
  model.processes[at] = aProcess(model);
}

export async function claim(model: GroupModel, process: Process, chosen: readonly Message[]): Promise<boolean> {
  const rows = chosen.filter(
    ({ _id, state, expires_at }) => WAITING.includes(state) && expires_at > now() && !process.holdings.has(_id),
  );
  const claimOne = (row: Message) => async () => {
    const holding: Holding = { row, token: aToken(model), state: 'claiming', known: undefined };
    process.holdings.set(row._id, holding);
    const claiming = process.progress.claim(row, holding.token, () => process.isAlive);
    if (model.mutation.handsOverEarly === true) handOver(model, holding);
    const verdict = await claiming;
    if (!process.isAlive) return;
    holding.state = verdict === 'done' ? 'owning' : 'lost';
    if (verdict === 'lost') await checkLost(model, holding);
  };
  await begin(model, process, 'claiming', rows.map(claimOne));
  return rows.length > 0;
}

export function hand(model: GroupModel, process: Process, chosen: readonly Message[]): boolean {
  const ready = held(process, chosen).filter(({ state, known }) => state === 'owning' && known === undefined);
  for (const holding of ready) handOver(model, holding);
  return ready.length > 0;
}

function handOver({ receiver, ids }: GroupModel, holding: Holding): void {
  if (holding.known !== undefined) return;
  holding.known = 'open';
  const { _id, attempt } = holding.row;
  receiver.hand({
    round: attempt + 1,
    id: ids.indexOf(_id) + 1,
    answer: (reply) => {
      holding.known = reply;
    },
  });
}

async function renew(model: GroupModel, process: Process, chosen: readonly Message[]): Promise<boolean> {
  const owned = held(process, chosen).filter(({ state }) => state === 'owning');
  const renewOne = (holding: Holding, before: Message | undefined) => async () => {
    const { row, token } = holding;
    const wasOwned = before?.token === token && before.state === 'sending';
    const verdict = await process.progress.renew(row, token, () => process.isAlive && holding.state === 'owning');
    if (!process.isAlive) return;
    // What is handed over under a claim that had ended when its last confirmation was sent was not trusted to begin.
    if (verdict === 'done' && !wasOwned) throw new Broken('of trust', 'a claim that had ended was renewed');
    if (verdict === 'lost' && holding.state === 'owning') {
      await checkLost(model, holding);
      holding.state = 'lost';
    }
  };
  const works = owned.map((holding) =>
    renewOne(
      holding,
      chosen.find(({ _id }) => _id === holding.row._id),
    ),
  );
  await begin(model, process, 'claiming', works);
  return owned.length > 0;
}

export async function settle(model: GroupModel, process: Process, chosen: readonly Message[]): Promise<boolean> {
  const ended = held(process, chosen).filter(({ state, known }) => {
    return known === undefined ? state === 'lost' : known !== 'open' && (state === 'owning' || state === 'lost');
  });
  await begin(
    model,
    process,
    'settling',
    ended.map((holding) => () => settleOne(model, process, holding)),
  );
  return ended.length > 0;
}

async function settleOne(model: GroupModel, process: Process, holding: Holding): Promise<void> {
  const { row, token, known } = holding;
  holding.state = 'settling';
  if (known !== undefined && known !== 'open') {
    const facts = { n: row.attempt + 1, at: now(), mayResend: mayResend(row), inDoubt: row.resent };
    const step = stepAfter(fateOf(known), { ...facts, firstRetry: 0, chance: 0 });
    const verdict = await process.progress.settle(row, token, step, () => process.isAlive);
    if (!process.isAlive) return;
    const certain = step.state === 'sent' || step.state === 'failed' ? step.state : undefined;
    if (verdict === 'done') await checkSettled(model, row, step.entry.at);
    if (verdict === 'lost') await checkLost(model, holding);
    if (verdict === 'lost' && certain !== undefined) {
      const evidence = stepOfEvidence(facts, certain, step.entry);
      await repeatedLater(() => process.progress.recordLateEvidence(row.account, row._id, evidence, token));
    }
  }
  process.holdings.delete(row._id);
}

async function checkSettled(model: GroupModel, { _id, attempt }: Message, at: string): Promise<void> {
  const { attempts } = await rowNow(model, _id);
  const isThere = attempts.some((entry) => entry.n === attempt + 1 && entry.at === at);
  if (!isThere) throw new Broken(2, 'an outcome was confirmed that is not in the row');
}

export async function publish(model: GroupModel, process: Process, chosen: readonly Message[]): Promise<boolean> {
  const due = chosen.filter(({ state, sweep_at }) => FINAL_STATES.includes(state) && sweep_at !== null);
  await begin(
    model,
    process,
    'alone',
    due.map((row) => () => repeatedLater(() => process.publish(row))),
  );
  return due.length > 0;
}

/** A live claim may be taken for expired at any time. */
export async function overtake(model: GroupModel, process: Process, chosen: readonly Message[]): Promise<boolean> {
  const works = chosen.flatMap((row) => {
    if (row.state === 'sending') {
      const step = stepOfLostOwner({ n: row.attempt, at: now(), mayResend: mayResend(row) }, 0);
      return [() => repeatedLater(() => process.hasty.takeOver(row, step))];
    }
    if (!WAITING.includes(row.state) || row.expires_at > now()) return [];
    const why = { class: 'expired', code: null, reply: null };
    const step = stepOfRefusal({ n: row.attempt, at: now(), inDoubt: row.resent }, why);
    return [() => repeatedLater(() => process.progress.expire(row, step))];
  });
  await begin(model, process, 'alone', works);
  return works.length > 0;
}

/** An activity whose write had no answer is retried, and reads the row again. */
async function repeatedLater(write: () => Promise<unknown>): Promise<void> {
  await write().catch((error: unknown) => {
    if (!(error instanceof MongoError)) throw error;
  });
}

function held({ holdings }: Process, chosen: readonly Message[]): Holding[] {
  return chosen.flatMap(({ _id }) => holdings.get(_id) ?? []);
}
