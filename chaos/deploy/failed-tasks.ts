import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { withTemporalClient } from '../installation/temporal-client.js';

/** A workflow task that a build could not process, as where a history does not fit its workflows. */
export interface FailedTask {
  readonly workflow: string;
  readonly cause: string;
  /** `<process id>@<host>` of the worker. */
  readonly worker: string;
  readonly error: string;
}

const CAUSE = 'WORKFLOW_TASK_FAILED_CAUSE_';
/** The task was overtaken by an event, or by an operator: the code is right. */
const OVERTAKEN: ReadonlySet<string> = new Set([
  'UNHANDLED_COMMAND',
  'RESET_STICKY_TASK_QUEUE',
  'FORCE_CLOSE_COMMAND',
  'FAILOVER_CLOSE_COMMAND',
  'RESET_WORKFLOW',
]);

interface JsonEvent {
  readonly workflowTaskFailedEventAttributes?: {
    readonly cause?: string;
    readonly identity?: string;
    readonly failure?: { readonly message?: string };
  };
}

/** Those of a history as JSON. Temporal records the first failure in a row: later tries of the same task leave no event. */
export function failedTasksIn(workflow: string, events: readonly object[]): FailedTask[] {
  return events.flatMap((event) => {
    const failed = (event as JsonEvent).workflowTaskFailedEventAttributes;
    const cause = failed?.cause?.replace(CAUSE, '') ?? 'UNSPECIFIED';
    if (failed === undefined || failed === null || OVERTAKEN.has(cause)) return [];
    return [{ workflow, cause, worker: failed.identity ?? '', error: failed.failure?.message ?? '' }];
  });
}

const UNFIT = '[TMPRL1100]';

/**
 * The lines of a worker's log that say that a workflow does not fit its history. A task that fails while it carries an update
 * leaves no event.
 */
export function unfitHistoriesIn(log: string): string[] {
  return log.split('\n').filter((line) => line.includes(UNFIT));
}

/** Those of all histories, of running and of closed runs. */
export function failedTasks(address: string): Promise<readonly FailedTask[]> {
  return withTemporalClient(address, async ({ workflow }) => {
    const found: FailedTask[] = [];
    for await (const { workflowId, history } of workflow.list().intoHistories()) {
      const { events = [] } = historyToJSON(history as Parameters<typeof historyToJSON>[0]) as {
        readonly events?: readonly object[];
      };
      found.push(...failedTasksIn(workflowId, events));
    }
    return found;
  });
}
