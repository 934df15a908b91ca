import type { WorkflowInterceptors } from '@temporalio/workflow';
import { oneAtATime } from './run.js';

/**
 * Runs the local activities of a run one at a time, in the order of the calls. Where several run at once, a replay may deliver
 * together what came one by one (temporalio/sdk-python#1881): the code behind them then issues its commands in another order,
 * and the run is stuck. Local activities of signals and updates thus wait for that of the workflow, and the reverse.
 */
export function interceptors(): WorkflowInterceptors {
  const queue = oneAtATime();
  return { outbound: [{ scheduleLocalActivity: (input, next) => queue(() => next(input)) }] };
}
