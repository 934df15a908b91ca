import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';

export interface GroupCommitOptions<T> {
  /** Writes a group; called again with the same group until it succeeds, so repeating it must change nothing. */
  readonly write: (group: readonly T[]) => Promise<void>;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  /** How long the first of a group waits for others, in milliseconds. */
  readonly gather?: number;
  /** After this long nobody waits for a write any more; it goes on behind them. */
  readonly timeout?: number;
  /** More than this are not kept while nothing can be written: the memory of a process ends somewhere. */
  readonly maxWaiting?: number;
  /** How long an orderly stop tries to write what is left. */
  readonly stopTimeout?: number;
}

export type GroupCommit<T> = ReturnType<typeof groupCommit<T>>;

const LARGEST_GROUP = 2_000;
const RETRY_INTERVAL = 250;

/**
 * Writes many small things in few writes. Whoever adds something waits until it is written, and no longer than `patience`:
 * so a crash loses nothing that was answered in time, and a store that is down keeps nobody waiting.
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
          log.warn({ err: error, hits: group.length }, 'hits could not be written; they are tried again');
        await pause(RETRY_INTERVAL);
      }
    }
    log.warn({ hits: group.length }, 'hits were lost at the stop: the store did not take them');
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
    /** Resolves when it is written, or when patience is over. */
    add: async (one: T): Promise<void> => {
      if (waiting.length >= maxWaiting) {
        lost += 1;
        if (lost === 1 || lost % 10_000 === 0) log.warn({ lost }, 'more hits than can be kept in memory');
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

    /** Orderly stop: writes what was accepted. */
    close: async (): Promise<void> => {
      stopping = true;
      await running;
    },
  };
}
