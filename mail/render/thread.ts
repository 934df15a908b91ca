import { parentPort } from 'node:worker_threads';
import type { ThreadMessage } from '../threads/handle.js';
import type { Rendered, RenderJob } from './job.js';
import { RenderFault, renderLetter } from './render.js';

type Message = ThreadMessage<Rendered>;

parentPort?.on('message', async (job: RenderJob) => {
  parentPort?.postMessage(await runJob(job));
});

parentPort?.postMessage({ kind: 'ready' } satisfies Message);

async function runJob(job: RenderJob): Promise<Message> {
  try {
    return { kind: 'done', result: await renderLetter(job) };
  } catch (error) {
    if (error instanceof RenderFault) {
      const { code, field, message: reason } = error;
      return { kind: 'fault', code, field, reason };
    }
    if (isOfSystem(error)) return { kind: 'crash', message: sentenceOf(error) };
    // Rendering is a function of the job: what fails in it would fail again.
    const field = job.body === null ? 'template' : 'body';
    return { kind: 'fault', code: 'not_renderable', field, reason: `The content cannot be read: ${sentenceOf(error)}` };
  }
}

/** Files, modules and memory have codes, and their errors pass. */
function isOfSystem(error: unknown): boolean {
  return typeof (error as { readonly code?: unknown } | null)?.code === 'string';
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
