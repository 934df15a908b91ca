import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from '@temporalio/worker';
import { monotonic } from '../clock.js';

/** A queue's worker, as it is used here. */
type QueueWorker = Pick<Worker, 'run' | 'shutdown' | 'getState' | 'getStatus' | 'options'>;

export interface KeptQueuesSettings<W extends QueueWorker> {
  /** One for each queue; each call makes a new worker, once the former one has ended. */
  readonly makers: readonly (() => Promise<W>)[];
  /** Makes what an emptied Temporal has lost, above all the namespace: without it no worker can be made. */
  readonly repair: () => Promise<unknown>;
  /** The process stops: nothing is made any more. */
  readonly stopping: AbortSignal;
  /** Called where a queue cannot be rebuilt although Temporal answers: the process must stop. */
  readonly giveUp: () => void;
  readonly log: { warn(details: object, message: string): void };
  /**
   * In milliseconds: the wait before a new worker, doubled with each failure up to the longest, and the time that a failed
   * worker has to end.
   */
  readonly pauses?: { readonly first: number; readonly longest: number; readonly end: number };
}

export interface KeptQueues<W extends QueueWorker> {
  /** The worker of each queue; the last one of a queue that is being rebuilt. */
  workers(): readonly W[];
  /** Polls no more; workers settle open work. Called once the process stops. */
  shutdown(): void;
  /**
   * Settles once the process stops and all workers have ended; rejects where a queue could not be rebuilt. Other failures
   * are logged.
   */
  readonly ended: Promise<void>;
}

const PAUSES = { first: 1_000, longest: 30_000, end: 10_000 };
/** Workers that cannot be made in a row, while Temporal answers, before the process stops. */
const MAX_TRIES = 5;
/** A worker that has run for so long had a good start. */
const GOOD_START = 60_000;

/**
 * Runs a worker for each queue. A worker that fails, for example because its namespace is gone, is replaced, and the queues
 * beside it go on. Throws if one of the first workers cannot be made although Temporal answers.
 */
export async function keepQueues<W extends QueueWorker>(settings: KeptQueuesSettings<W>): Promise<KeptQueues<W>> {
  const { makers, stopping, giveUp, log, pauses = PAUSES } = settings;
  const rebuilt = rebuilder(settings);
  const workers: W[] = await Promise.all(makers.map((make) => firstWorker(make, settings, rebuilt)));

  const keep = async (index: number, first: W, make: () => Promise<W>): Promise<void> => {
    let worker: W | undefined = first;
    for (let pause = pauses.first; worker !== undefined; pause = Math.min(pauses.longest, pause * 2)) {
      const startedAt = monotonic();
      const error = await ran(worker, stopping, pauses.end);
      const queue: string = worker.options.taskQueue;
      if (stopping.aborted) {
        if (error !== undefined) log.warn({ queue, error: String(error) }, 'a queue did not end in order');
        return;
      }
      log.warn({ queue, error: String(error) }, 'Temporal refused the worker of a queue; a new one is made');
      if (monotonic() - startedAt > GOOD_START) pause = pauses.first;
      worker = await rebuilt(queue, make, pause).catch((failure: unknown) => {
        giveUp();
        throw failure;
      });
      if (worker !== undefined) workers[index] = worker;
    }
  };
  const kept = workers.map((worker, index) => keep(index, worker, makers[index] as () => Promise<W>));
  return {
    workers: () => workers,
    shutdown: () => workers.forEach(endIfRunning),
    ended: allEnded(kept),
  };
}

type Rebuilt<W> = (queue: string, make: () => Promise<W>, firstPause: number) => Promise<W | undefined>;

/** Temporal may go away while a process starts. */
async function firstWorker<W extends QueueWorker>(
  make: () => Promise<W>,
  { log, pauses = PAUSES }: KeptQueuesSettings<W>,
  rebuilt: Rebuilt<W>,
): Promise<W> {
  try {
    return await make();
  } catch (error) {
    log.warn({ error: String(error) }, 'the worker of a queue cannot be made yet; it is tried again');
    const worker = await rebuilt('of a starting process', make, pauses.first);
    if (worker === undefined) throw new Error('the process stops');
    return worker;
  }
}

/** One failure does not end the wait for the others: they hold the connection until they have ended. */
async function allEnded(kept: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(kept)) if (result.status === 'rejected') throw result.reason;
}

/** Returns why the worker ended; undefined where it was shut down. */
async function ran(worker: QueueWorker, stopping: AbortSignal, endLimit: number): Promise<unknown> {
  const over = new AbortController();
  try {
    const running = worker.run();
    // The process may have begun to stop while this worker was made.
    if (stopping.aborted) endIfRunning(worker);
    await Promise.race([running, stuckAfterFailure(worker, endLimit, over.signal)]);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    over.abort();
  }
}

/** Rejects once a worker has failed and does not end: it polls no more, and Temporal's library may wait for it forever. */
async function stuckAfterFailure(worker: QueueWorker, limit: number, over: AbortSignal): Promise<never> {
  let failedFor = 0;
  const every = limit / 10;
  while (failedFor < limit) {
    await delay(every, undefined, { signal: over, ref: false });
    failedFor = worker.getState() === 'FAILED' ? failedFor + every : 0;
  }
  throw new Error('it failed and does not end');
}

function endIfRunning(worker: QueueWorker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

/** Makes the worker of a queue again, as often as it takes; undefined if the process stops first. */
function rebuilder<W extends QueueWorker>({
  repair,
  stopping,
  log,
  pauses = PAUSES,
}: KeptQueuesSettings<W>): Rebuilt<W> {
  const stopped = new Promise<void>((resolve) => {
    if (stopping.aborted) resolve();
    else stopping.addEventListener('abort', () => resolve(), { once: true });
  });
  /** One repair serves all queues that are lost at the same time. */
  let repairing: Promise<unknown> | undefined;
  const repaired = (): Promise<unknown> => {
    repairing ??= repair().finally(() => {
      repairing = undefined;
    });
    return Promise.race([repairing, stopped]);
  };
  return async (queue, make, firstPause) => {
    let tries = 0;
    for (let pause = firstPause; !stopping.aborted; pause = Math.min(pauses.longest, pause * 2)) {
      await delay(pause, undefined, { signal: stopping }).catch(() => undefined);
      try {
        if (!stopping.aborted) await repaired();
        tries += 1;
        if (!stopping.aborted) return await make();
      } catch (error) {
        log.warn({ queue, error: String(error) }, 'the worker of a queue cannot be made yet; it is tried again');
        if (tries < MAX_TRIES) continue;
        throw new Error(`the queue ${queue} cannot be polled any more: ${error}`);
      }
    }
    return undefined;
  };
}
