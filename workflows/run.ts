import { condition, type SignalDefinition, setHandler, workflowInfo } from '@temporalio/workflow';
import type { RunLength } from './messages/start.js';

/** Temporal's own clock: deterministic in workflows, and skipped in tests. A time that is null or over: 0. */
export function millisecondsUntil(time: string | null): number {
  return time === null ? 0 : Math.max(0, Date.parse(time) - Date.now());
}

/** Whether a run has more events than this and should continue as a new one; Temporal ends it at 51,200. */
export function historyExceeds({ longestHistory }: RunLength, limit: number): boolean {
  return workflowInfo().historyLength > (longestHistory ?? limit);
}

/** A queue: each function begins after the one before has ended, in the order of the calls. */
export function oneAtATime(): <T>(begin: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (begin) => {
    const result = last.then(begin);
    last = result.catch(() => undefined);
    return result;
  };
}

/** Listens for the signal that the row of a workflow has changed. */
export function listenForChanges(signal: SignalDefinition, description: string) {
  let changed = false;
  const onSignal = () => {
    changed = true;
  };
  const acknowledge = (): boolean => {
    const wasChanged = changed;
    changed = false;
    return wasChanged;
  };
  setHandler(signal, onSignal, { description });
  return {
    /** Waits until the row changes, `ms` milliseconds at most. Returns whether it changed since the last call. */
    within: async (ms: number): Promise<boolean> => {
      await condition(() => changed, Math.max(1, ms));
      return acknowledge();
    },
    /** Whether the row changed since the last call, without waiting. */
    acknowledge,
  };
}
