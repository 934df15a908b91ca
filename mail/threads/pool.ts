import { Failure } from '../../domain/errors.js';
import { fairQueue } from './fair-queue.js';
import { openThread, type Thread, type ThreadLimits, type ThreadProgram } from './handle.js';

export interface ThreadPool<Job, Result> {
  /** Runs a job for an account. Throws `unavailable` if too many jobs wait. */
  run(account: number, job: Job): Promise<Result>;
  /** Runs a first job and keeps its thread, so that a later job does not wait for the code to load. */
  warmUp(first: Job): Promise<void>;
  close(): Promise<void>;
}

/**
 * Runs jobs in worker threads. A thread that exceeds its time or memory is ended and its job refused; the next job gets a
 * new thread. Threads start with the first job; a warm pool replaces its last thread. Accounts take turns.
 */
export function threadPool<Job, Result>(program: ThreadProgram, limits: ThreadLimits): ThreadPool<Job, Result> {
  const threads = new Set<Thread<Job, Result>>();
  const semaphore = newSemaphore(limits);
  let first: Job | undefined;
  const freeThread = () => {
    const free = [...threads].find((thread) => thread.isFree());
    if (free !== undefined) return free;
    const fresh = openThread<Job, Result>(program, limits, {
      isKept: () => first !== undefined && threads.size === 1,
      onEnd: (loaded) => {
        threads.delete(fresh);
        if (loaded && threads.size === 0) void load();
      },
    });
    threads.add(fresh);
    return fresh;
  };
  const run = async (account: number, job: Job) => {
    await semaphore.acquire(account);
    try {
      return await freeThread().run(job);
    } finally {
      semaphore.release();
    }
  };
  /** A thread that cannot load is reported by the first job. */
  const load = async () => {
    if (first !== undefined) await run(NO_ACCOUNT, first).catch(() => undefined);
  };
  return {
    run,
    warmUp: async (job) => {
      first = job;
      await load();
    },
    close: async () => {
      first = undefined;
      semaphore.close();
      await Promise.all([...threads].map((thread) => thread.end(new Failure('unavailable'))));
    },
  };
}

/** Account of the job that starts the first thread before any caller has one. */
const NO_ACCOUNT = 0;

/** As many permits as there are threads; later jobs wait in a queue. */
function newSemaphore({ threads, waiting }: ThreadLimits) {
  const queue = fairQueue(waiting);
  let free = threads;
  let closed = false;
  return {
    acquire: async (account: number): Promise<void> => {
      if (closed) throw new Failure('unavailable');
      if (free > 0) free -= 1;
      else await queue.wait(account);
    },
    release: () => {
      if (!queue.next()) free += 1;
    },
    close: () => {
      closed = true;
      queue.refuseAll();
    },
  };
}
