import { randomUUID } from 'node:crypto';
import { later } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { Messages } from '../../store/messages/messages.js';
import type { Message } from '../../store/messages/row.js';
import { messageGroupWorkflowId, messageWorkflowId } from '../../workflows/names.js';
import type { Engine, WorkflowStatus } from '../engine.js';

type Log = { warn(details: object, message: string): void };

export interface MissingRunDeps {
  readonly messages: Pick<Messages, 'assignRun' | 'recordOpenRun'>;
  readonly engine: Pick<Engine, 'startMessage' | 'startMessages' | 'messageRunStatus'>;
  readonly times: Pick<ProtocolTimes, 'lease'>;
  readonly log: Log;
}

const MOST_OF_GROUP = 200;
const GROUPS_AT_ONCE = 4;
/** Runs of which Temporal is asked at once, and workflows of single messages that start at once. */
const CALLS_AT_ONCE = 16;
/** Milliseconds after a failed start. */
const START_AGAIN_MS = 10_000;

/**
 * Starts the workflows of messages that have none. A row names its workflow before the start, so that several sweeps start it
 * once.
 */
export function missingRuns(deps: MissingRunDeps) {
  const statusOf = statusOncePerPass(deps.engine);
  return async (rows: readonly Message[]): Promise<void> => {
    const { without, byRun } = groupedByRun(rows);
    await atMost(CALLS_AT_ONCE, deps.log, [...byRun], async ([run, of]) =>
      checkRun(deps, { run, rows: of, status: await statusOf(run) }),
    );
    const groups = Array.from({ length: Math.ceil(without.length / MOST_OF_GROUP) }, (_, k) =>
      without.slice(k * MOST_OF_GROUP, (k + 1) * MOST_OF_GROUP),
    );
    await atMost(GROUPS_AT_ONCE, deps.log, groups, (group) => startGroup(deps, group));
  };
}

function groupedByRun(rows: readonly Message[]) {
  const byRun = new Map<string, Message[]>();
  const without: Message[] = [];
  for (const row of rows) {
    if (row.run == null) without.push(row);
    else byRun.set(row.run, [...(byRun.get(row.run) ?? []), row]);
  }
  return { without, byRun };
}

/** Temporal is asked once for each run, however many messages it carries. */
function statusOncePerPass(engine: MissingRunDeps['engine']) {
  const known = new Map<string, Promise<WorkflowStatus['status']>>();
  return (run: string): Promise<WorkflowStatus['status']> => {
    const status = known.get(run) ?? engine.messageRunStatus(run).then((found) => found.status);
    known.set(run, status);
    return status;
  };
}

interface CheckedRun {
  readonly run: string;
  readonly rows: readonly Message[];
  readonly status: WorkflowStatus['status'];
}

/** Messages of an open run are left alone, unless it was open without an attempt when the sweep last looked. */
async function checkRun(deps: MissingRunDeps, { run, rows, status }: CheckedRun): Promise<void> {
  const isLost = (row: Message) => status !== 'running' || (run !== messageWorkflowId(row._id) && isIdleInRun(row));
  const lost = rows.filter(isLost);
  const carried = rows.filter((row) => !isLost(row));
  if (carried.length > 0) await deps.messages.recordOpenRun(carried, later(deps.times.lease));
  await atMost(CALLS_AT_ONCE, deps.log, lost, (row) => startAlone(deps, row));
}

function isIdleInRun({ state, attempt, attempt_when_open }: Message): boolean {
  return state !== 'sending' && attempt_when_open === attempt;
}

async function startAlone({ messages, engine, times }: MissingRunDeps, row: Message): Promise<void> {
  const assigned = await messages.assignRun(messageWorkflowId(row._id), [row], later(times.lease));
  if (assigned.has(row._id)) await engine.startMessage(row);
}

async function startGroup(deps: MissingRunDeps, rows: readonly Message[]): Promise<void> {
  const [first] = rows;
  if (rows.length === 1 && first !== undefined) return startAlone(deps, first);
  const { messages, engine, times } = deps;
  const run = messageGroupWorkflowId(randomUUID());
  const until = later(times.lease);
  const assigned = await messages.assignRun(run, rows, until);
  const own = rows.filter(({ _id }) => assigned.has(_id));
  if (own.length === 0) return;
  const grouped = own.map(({ _id: message, account, tags, template }) => ({ account, message, tags, template }));
  try {
    await engine.startMessages(run, grouped).catch(() => engine.startMessages(run, grouped));
  } catch (error) {
    const given = own.map(({ _id }) => ({ _id, sweep_at: until }));
    await messages.assignRun(null, given, later(START_AGAIN_MS));
    throw error;
  }
}

/** Works on at most `limit` items at once. One that fails does not stop the others. */
export async function atMost<T>(
  limit: number,
  log: Log,
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      await work(item).catch((error) =>
        log.warn(
          { error: String(error) },
          'the sweep could not start or settle messages; its next pass tries them again',
        ),
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
