import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { monotonic } from '../../clock.js';
import type { Config } from '../../config.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import type { ProcessShare } from '../../domain/transport.js';
import type { ProcessStatus } from '../../workers/queue-workers.js';
import type { Addresses } from '../addresses.js';

/** The first message to a process that sends campaigns. Each later one is a question. */
export interface SendProcessPlan {
  readonly config: Config;
  readonly at: Addresses;
  readonly share: ProcessShare;
}

/** What a parent asks, and the answers. A message to the parent has the question as its key. */
export interface ProcessAnswers {
  /** In Prometheus' text format. */
  readonly metrics: string;
  readonly status: ProcessStatus;
}

export interface SendProcesses {
  /** Ids of the running ones. */
  pids(): readonly number[];
  /** The metrics of each one that answers in time, in Prometheus' text format. */
  metrics(): Promise<readonly string[]>;
  /** A sentence for each thing that is wrong with one of them. */
  faults(): Promise<readonly string[]>;
  /** Lets them settle what they have claimed, and returns when all have ended. */
  stop(): Promise<void>;
}

export interface SendProcessesSettings extends Omit<SendProcessPlan, 'share'> {
  readonly processes: number;
  readonly log: Pick<Logger, 'warn'>;
}

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** A process that has run for so long had a good start. */
const GOOD_START = 60_000;
const ANSWER_WITHIN = 2_000;
/** Until then a process that has never answered counts as one that loads its code. */
const LOADED_WITHIN = 30_000;
/** Longer than a worker may take to settle what it has claimed. */
export const STOP_WITHIN = PROTOCOL_TIMES.shutdownGrace + PROTOCOL_TIMES.drain + 5_000;

/** Starts the processes that send campaigns, in the process group of this one, and replaces those that end. */
export function startSendProcesses({ processes, log, ...plan }: SendProcessesSettings): SendProcesses {
  const children = new Map<ChildProcess, SendProcess>();
  const stopping = new AbortController();
  const keepOne = async (index: number): Promise<void> => {
    for (let pause = FIRST_PAUSE; !stopping.signal.aborted; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      const startedAt = monotonic();
      const child = forked({ ...plan, share: { index, of: processes } });
      children.set(child, { child, index, startedAt, hasAnswered: false });
      const [code, signal] = await once(child, 'exit');
      children.delete(child);
      if (stopping.signal.aborted) return;
      log.warn({ process: index, code, signal }, 'a process that sends campaigns ended; it is started again');
      if (monotonic() - startedAt > GOOD_START) pause = FIRST_PAUSE;
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const kept = Array.from({ length: processes }, (_, index) => keepOne(index));
  return {
    pids: () => [...children.keys()].flatMap(({ pid }) => pid ?? []),
    metrics: async () => {
      const texts = await Promise.all([...children.keys()].map((child) => ask(child, 'metrics')));
      return texts.flatMap((text) => text ?? []);
    },
    faults: async () => {
      if (children.size === 0) return ['each process that sends campaigns has ended and is started again'];
      const faults = await Promise.all([...children.values()].map(faultsOf));
      return stopping.signal.aborted ? [] : faults.flat();
    },
    stop: async () => {
      stopping.abort();
      // A second SIGTERM would end a process at once that has had the one to its group.
      for (const child of children.keys()) if (child.connected) child.disconnect();
      const killAll = () => children.forEach(({ child }) => void child.kill('SIGKILL'));
      const limit = setTimeout(killAll, STOP_WITHIN);
      await Promise.all(kept);
      clearTimeout(limit);
    },
  };
}

function forked(plan: SendProcessPlan): ChildProcess {
  const program = process.argv[1] ?? '';
  const child = fork(program, ['send-process'], { serialization: 'advanced' });
  // A process that could not be started, or that ended meanwhile, is replaced after its exit.
  child.on('error', () => child.kill('SIGKILL'));
  child.send(plan, () => undefined);
  return child;
}

interface SendProcess {
  readonly child: ChildProcess;
  readonly index: number;
  readonly startedAt: number;
  hasAnswered: boolean;
}

async function faultsOf(one: SendProcess): Promise<string[]> {
  const subject = `its process ${one.index} (${one.child.pid})`;
  const status = await ask(one.child, 'status');
  if (status !== undefined) {
    one.hasAnswered = true;
    return status.lost.map((queue) => `${subject}: ${notPolled(queue)}`);
  }
  const isLoading = !one.hasAnswered && monotonic() - one.startedAt < LOADED_WITHIN;
  return isLoading ? [] : [`${subject} has not answered within ${ANSWER_WITHIN} ms`];
}

export function notPolled(queue: string): string {
  return `it no longer asks Temporal for tasks of the queue ${queue}`;
}

/** Undefined where the process does not answer in time. */
async function ask<Q extends keyof ProcessAnswers>(
  child: ChildProcess,
  question: Q,
): Promise<ProcessAnswers[Q] | undefined> {
  if (!child.connected) return undefined;
  try {
    const answers = on(child, 'message', { signal: AbortSignal.timeout(ANSWER_WITHIN) });
    child.send(question, () => undefined);
    for await (const [answer] of answers) if (question in answer) return answer[question];
  } catch {
    // The time is over.
  }
  return undefined;
}
