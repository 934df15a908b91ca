import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';

export interface GroupCommitOptions<T> {
  /** Writes a group. It is called again with the same group until it succeeds, so it must be idempotent. */
  readonly write: (group: readonly T[]) => Promise<void>;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  /** Milliseconds that the first entry of a group waits for others. */
  readonly gather?: number;
  /** Milliseconds after which a request stops waiting; the write continues in the background. */
  readonly timeout?: number;
  /** Entries kept while writes fail; further ones are dropped to bound memory. */
  readonly maxWaiting?: number;
  /** Milliseconds that a shutdown spends on writing the rest. */
  readonly stopTimeout?: number;
}

export type GroupCommit<T> = ReturnType<typeof groupCommit<T>>;

const LARGEST_GROUP = 2_000;
const RETRY_INTERVAL = 250;

/**
 * Combines many small writes into few. An addition resolves when it is written, or after `patience`: a crash loses no entry
 * whose request was answered in time, and an unavailable store delays requests only briefly.
 */
export function groupCommit<T>(options: GroupCommitOptions<T>) {
  const { write, log, gather = 40, timeout = 250, maxWaiting = 50_000, stopTimeout = 10_000 } = options;
  let waiting: { readonly one: T; readonly written: () => void }[] = [];
  let running: Promise<void> | undefined;
  let stopping = false;
  let lost = 0;

  const writeWithRetries = async (group: readonly T[]): Promise<boolean> => {
    for (let tried = 0; !stopping || tried < stopTimeout; tried += RETRY_INTERVAL) {
      try {
        await write(group);
        return true;
      } catch (error) {
        if (tried === 0)
          log.warn({ err: error, hits: group.length }, 'hits could not be written; the write is retried');
        await pause(RETRY_INTERVAL);
      }
    }
    log.warn({ hits: group.length }, 'hits were lost at shutdown: the store did not accept them');
    return false;
  };

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      if (!stopping) await pause(gather);
      const group = waiting.slice(0, LARGEST_GROUP);
      waiting = waiting.slice(LARGEST_GROUP);
      await writeWithRetries(group.map(({ one }) => one));
      for (const { written } of group) written();
    }
    running = undefined;
  };

  return {
    /** Resolves when the entry is written, or after `patience`. */
    add: async (one: T): Promise<void> => {
      if (waiting.length >= maxWaiting) {
        lost += 1;
        if (lost === 1 || lost % 10_000 === 0) log.warn({ lost }, 'hits were dropped: too many are waiting in memory');
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeout);
        const written = () => {
          clearTimeout(timer);
          resolve();
        };
        waiting.push({ one, written });
        running ??= run();
      });
    },

    /** Shutdown: writes all accepted entries. */
    close: async (): Promise<void> => {
      stopping = true;
      await running;
    },
  };
}
