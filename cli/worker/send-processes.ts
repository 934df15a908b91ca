import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { monotonic } from '../../clock.js';
import type { Config } from '../../config.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import type { ProcessShare } from '../../domain/transport.js';
import type { Addresses } from '../addresses.js';

/** The first message to a process that sends campaigns. A later message requests its metrics. */
export interface SendProcessPlan {
  readonly config: Config;
  readonly at: Addresses;
  readonly share: ProcessShare;
}

/** Of the child to its parent. */
interface MetricsMessage {
  readonly metrics: string;
}

const METRICS_REQUEST = 'metrics';

export interface SendProcesses {
  /** Ids of the running ones. */
  pids(): readonly number[];
  /** The metrics of each one that answers in time, in Prometheus' text format. */
  metrics(): Promise<readonly string[]>;
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
const METRICS_WITHIN = 2_000;
/** Longer than a worker may take to settle what it has claimed. */
export const STOP_WITHIN = PROTOCOL_TIMES.shutdownGrace + PROTOCOL_TIMES.drain + 5_000;

/** Starts the processes that send campaigns, in the process group of this one, and replaces those that end. */
export function startSendProcesses({ processes, log, ...plan }: SendProcessesSettings): SendProcesses {
  const children = new Set<ChildProcess>();
  const stopping = new AbortController();
  const keepOne = async (index: number): Promise<void> => {
    for (let pause = FIRST_PAUSE; !stopping.signal.aborted; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      const startedAt = monotonic();
      const child = forked({ ...plan, share: { index, of: processes } });
      children.add(child);
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
    pids: () => [...children].flatMap(({ pid }) => pid ?? []),
    metrics: async () => (await Promise.all([...children].map(metricsOf))).flatMap((text) => text ?? []),
    stop: async () => {
      stopping.abort();
      // A second SIGTERM would end a process at once that has had the one to its group.
      for (const child of children) if (child.connected) child.disconnect();
      const limit = setTimeout(() => children.forEach((child) => void child.kill('SIGKILL')), STOP_WITHIN);
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

/** Undefined where the process does not answer in time. */
async function metricsOf(child: ChildProcess): Promise<string | undefined> {
  if (!child.connected) return undefined;
  const signal = AbortSignal.timeout(METRICS_WITHIN);
  const answer = once(child, 'message', { signal }) as Promise<[MetricsMessage]>;
  child.send(METRICS_REQUEST, () => undefined);
  return answer.then(([{ metrics }]) => metrics).catch(() => undefined);
}
