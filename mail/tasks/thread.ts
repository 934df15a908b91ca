import { parentPort } from 'node:worker_threads';
import type { ThreadMessage } from '../threads/handle.js';
import { TASKS, type TaskName } from './tasks.js';

/** A task and its input. */
export interface TaskJob {
  readonly task: TaskName;
  readonly input: unknown;
}

type Message = ThreadMessage<unknown>;

parentPort?.on('message', (job: TaskJob) => parentPort?.postMessage(runJob(job)));

parentPort?.postMessage({ kind: 'ready' } satisfies Message);

function runJob({ task, input }: TaskJob): Message {
  try {
    const run = TASKS[task] as (input: unknown, limits: object) => unknown;
    return { kind: 'done', result: run(input, {}) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (typeof (error as { readonly code?: unknown } | null)?.code === 'string') return { kind: 'crash', message };
    // A task is a function of its input: what fails in it would fail again.
    return {
      kind: 'fault',
      code: 'not_renderable',
      field: 'content',
      reason: `The content cannot be read: ${message}`,
    };
  }
}
