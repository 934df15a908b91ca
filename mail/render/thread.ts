import { parentPort } from 'node:worker_threads';
import type { Rendered, RenderJob } from './job.js';
import { RenderFault, renderLetter } from './render.js';

/** A message of a thread: it is ready, or the result of a job: a letter, a fault of the job, or an internal error. */
export type ThreadMessage = { readonly kind: 'ready' } | JobResult;
export type JobResult =
  | { readonly kind: 'rendered'; readonly rendered: Rendered }
  | {
      readonly kind: 'fault';
      readonly code: RenderFault['code'];
      readonly field: string;
      readonly reason: string;
    }
  | { readonly kind: 'crash'; readonly message: string };

parentPort?.on('message', async (job: RenderJob) => {
  parentPort?.postMessage(await runJob(job));
});

parentPort?.postMessage({ kind: 'ready' } satisfies ThreadMessage);

async function runJob(job: RenderJob): Promise<JobResult> {
  try {
    return { kind: 'rendered', rendered: await renderLetter(job) };
  } catch (error) {
    if (error instanceof RenderFault) {
      const { code, field, message: reason } = error;
      return { kind: 'fault', code, field, reason };
    }
    return { kind: 'crash', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
