import { workflowInfo } from '@temporalio/workflow';
import type { RunLength } from './messages/start.js';

/** Temporal's own clock: deterministic in workflows, and skipped in tests. A time that is null or over: 0. */
export function millisecondsUntil(time: string | null): number {
  return time === null ? 0 : Math.max(0, Date.parse(time) - Date.now());
}

/** Whether a run has more events than this and should continue as a new one; Temporal ends it at 51,200. */
export function historyExceeds({ longestHistory }: RunLength, limit: number): boolean {
  return workflowInfo().historyLength > (longestHistory ?? limit);
}
