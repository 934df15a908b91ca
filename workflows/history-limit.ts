import { workflowInfo } from '@temporalio/workflow';
import type { RunLength } from './messages.js';

/** Whether a run has seen more than so many events and should go on as a new one; Temporal ends it at 51,200. */
export function historyExceeds({ longestHistory }: RunLength, limit: number): boolean {
  return workflowInfo().historyLength > (longestHistory ?? limit);
}
