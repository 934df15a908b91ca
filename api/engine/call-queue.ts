import type { FastifyBaseLogger } from 'fastify';

export interface CallQueueOptions {
  readonly log: FastifyBaseLogger;
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Calls that may wait; what comes on top is dropped, because the sweep will find its row. */
  readonly maxQueued: number;
}

/** Calls that nobody waits for: a few at once, the rest waiting up to a limit, each failure swallowed. */
export function callQueue({ log, concurrency, maxQueued }: CallQueueOptions) {
  const queue = new Map<string, () => Promise<unknown>>();
  const running = new Set<Promise<void>>();
  let failing = false;

  const attempt = async (name: string, call: () => Promise<unknown>): Promise<void> => {
    try {
      await call();
      failing = false;
    } catch (error) {
      // Once an outage: the sweep repairs all of them, and a log full of the same line hides the next trouble.
      log[failing ? 'debug' : 'warn']({ err: error, workflow: name }, 'a workflow could not be woken; the sweep will');
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
    /** A name that waits already is replaced: the later call knows more. */
    add: (name: string, call: () => Promise<unknown>): void => {
      if (queue.size >= maxQueued && !queue.has(name)) return;
      queue.set(name, call);
      next();
    },

    /** Resolves when nothing is waiting or under way; what waits in an outage is left to the sweep. */
    drain: async (): Promise<void> => {
      while (running.size > 0) {
        if (failing) queue.clear();
        await Promise.race(running);
      }
    },
  };
}
