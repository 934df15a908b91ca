import type { FastifyBaseLogger } from 'fastify';

export interface CallQueueOptions {
  readonly log: FastifyBaseLogger;
  /** Calls in progress at once. */
  readonly concurrency: number;
  /** Calls that may wait. Further calls are dropped: the sweep finds their rows. */
  readonly maxQueued: number;
}

/** Runs calls in the background: a few at once, the rest queued up to a limit. Failures are logged, never thrown. */
export function callQueue({ log, concurrency, maxQueued }: CallQueueOptions) {
  const queue = new Map<string, () => Promise<unknown>>();
  const running = new Set<Promise<void>>();
  let failing = false;

  const attempt = async (name: string, call: () => Promise<unknown>): Promise<void> => {
    try {
      await call();
      failing = false;
    } catch (error) {
      // Warns once per outage: the sweep repairs every row, and repeated warnings would hide other errors.
      log[failing ? 'debug' : 'warn'](
        { err: error, workflow: name },
        'a workflow could not be signalled; the sweep retries it',
      );
      failing = true;
    }
  };

  const next = (): void => {
    const first = queue.entries().next().value;
    if (first === undefined || running.size >= concurrency) return;
    queue.delete(first[0]);
    const call = attempt(...first).finally(() => {
      running.delete(call);
      next();
    });
    running.add(call);
  };

  return {
    /** A later call replaces a waiting one of the same name: it is more recent. */
    add: (name: string, call: () => Promise<unknown>): void => {
      if (queue.size >= maxQueued && !queue.has(name)) return;
      queue.set(name, call);
      next();
    },

    /** Resolves when no call is waiting or running. During an outage it leaves waiting calls to the sweep. */
    drain: async (): Promise<void> => {
      while (running.size > 0) {
        if (failing) queue.clear();
        await Promise.race(running);
      }
    },
  };
}
