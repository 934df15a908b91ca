import {
  condition,
  type SignalDefinition,
  setHandler,
  type TimerOptions,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { timeForOperators } from '../domain/operator-text.js';
import type { RunLength } from './messages/start.js';
import { PHASE, REASON } from './names.js';

/** Temporal's own clock: deterministic in workflows, and skipped in tests. A time that is null or over: 0. */
export function millisecondsUntil(time: string | null): number {
  return time === null ? 0 : Math.max(0, Date.parse(time) - Date.now());
}

/** A time, ISO 8601, as details and summaries show it. */
export function shownTime(time: string): string {
  return timeForOperators(new Date(time), new Date(Date.now()));
}

/** What happens at the end of a timer, for the Temporal UI: `retry 3 at 1 Jan 09:00 UTC`. */
export function timer(what: string, ms: number): TimerOptions {
  return { summary: `${what} at ${shownTime(new Date(Date.now() + ms).toISOString())}` };
}

/**
 * Shows the phase of a workflow and the reason why it waits as search attributes: one event, none where both are shown
 * already. Steps of earlier versions have no `reason`: then it stays as it is.
 */
export function showPhase(phase: string, reason: string | null | undefined): void {
  const shown = workflowInfo().typedSearchAttributes;
  const hasReason = reason !== undefined && (shown.get(REASON) ?? null) !== reason;
  if (shown.get(PHASE) === phase && !hasReason) return;
  upsertSearchAttributes([{ key: PHASE, value: phase }, ...(hasReason ? [{ key: REASON, value: reason }] : [])]);
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
    /** Waits until the row changes, or for `what` after `ms` milliseconds. Returns whether it changed since the last call. */
    within: async (ms: number, what: string): Promise<boolean> => {
      const wait = Math.max(1, ms);
      await condition(() => changed, wait, timer(what, wait));
      return acknowledge();
    },
    /** Whether the row changed since the last call, without waiting. */
    acknowledge,
  };
}
