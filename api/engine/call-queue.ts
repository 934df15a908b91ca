import { currentTrace, withinTrace } from '../../tracing/spans.js';
import type { OutageLog } from './outage-log.js';

export interface CallQueueOptions {
  readonly outages: OutageLog;
  /** Calls in progress at once. */
  readonly concurrency: number;
  /** Calls that may wait. Further calls are dropped: the sweep finds their rows. */
  readonly maxQueued: number;
}

/** Runs calls in the background: a few at once, the rest queued up to a limit. Failures are logged, never thrown. */
export function callQueue({ outages, concurrency, maxQueued }: CallQueueOptions) {
  const queue = new Map<string, () => Promise<unknown>>();
  const running = new Set<Promise<unknown>>();

  const next = (): void => {
    const first = queue.entries().next().value;
    if (first === undefined || running.size >= concurrency) return;
    queue.delete(first[0]);
    const call = outages.attempt(...first).finally(() => {
      running.delete(call);
      next();
    });
    running.add(call);
  };

  return {
    /** A later call replaces a waiting one of the same name: it is more recent. */
    add: (name: string, call: () => Promise<unknown>): void => {
      if (queue.size >= maxQueued && !queue.has(name)) return;
      const traceparent = currentTrace();
      queue.set(name, () => withinTrace(traceparent, call));
      next();
    },

    /** Resolves when no call is waiting or running. During an outage it leaves waiting calls to the sweep. */
    drain: async (): Promise<void> => {
      while (running.size > 0) {
        if (outages.failing()) queue.clear();
        await Promise.race(running);
      }
    },
  };
}
