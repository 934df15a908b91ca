import { Failure } from '../../domain/errors.js';
import type { Rendered, RenderJob } from './job.js';
import { openThread, type RenderThread } from './thread-handle.js';

export interface RenderLimits {
  /** Threads, and so letters rendered at the same time. */
  readonly threads: number;
  /** Milliseconds for one letter, from the moment a thread takes it. */
  readonly time: number;
  /** Letters that may wait for a thread. */
  readonly waiting: number;
  /** Characters of a template, of a body. */
  readonly template: number;
  readonly body: number;
  /** Milliseconds after which a thread without work goes. */
  readonly idle: number;
}

export const RENDER_LIMITS: RenderLimits = {
  threads: 2,
  time: 15_000,
  waiting: 200,
  template: 500_000,
  body: 2_000_000,
  idle: 30_000,
};

export interface Renderer {
  /** Throws `not_renderable` or `template_too_complex` where the job is at fault, `unavailable` where too many wait. */
  render(job: RenderJob): Promise<Rendered>;
  close(): Promise<void>;
}

/**
 * Renders in threads of their own: MJML takes tens of milliseconds, a hostile template for ever. A thread that overruns
 * its time or its memory is ended and the job refused; the next job gets a new thread. Threads start with the first job.
 */
export function renderer(limits: RenderLimits = RENDER_LIMITS): Renderer {
  const threads = new Set<RenderThread>();
  const semaphore = newSemaphore(limits);
  const freeThread = () => {
    const free = [...threads].find((thread) => thread.isFree());
    if (free !== undefined) return free;
    const fresh = openThread(limits, () => threads.delete(fresh));
    threads.add(fresh);
    return fresh;
  };
  return {
    render: async (job) => {
      checkSizes(job, limits);
      await semaphore.acquire();
      try {
        return await freeThread().render(job);
      } finally {
        semaphore.release();
      }
    },
    close: async () => {
      semaphore.close();
      await Promise.all([...threads].map((thread) => thread.end(new Failure('unavailable'))));
    },
  };
}

/** As many turns as there are threads; whoever comes later waits in line. */
function newSemaphore({ threads, waiting }: RenderLimits) {
  const queue: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  let free = threads;
  let closed = false;
  return {
    acquire: async (): Promise<void> => {
      if (closed || queue.length >= waiting) throw new Failure('unavailable');
      if (free > 0) {
        free -= 1;
        return;
      }
      await new Promise<void>((resolve, reject) => queue.push({ resolve, reject }));
    },
    release: () => {
      const first = queue.shift();
      if (first === undefined) free += 1;
      else first.resolve();
    },
    close: () => {
      closed = true;
      for (const { reject } of queue.splice(0)) reject(new Failure('unavailable'));
    },
  };
}

function checkSizes({ template, body }: RenderJob, limits: RenderLimits): void {
  const source = body === null ? '' : body.format === 'blocks' ? JSON.stringify(body.blocks) : body.source;
  if ((template?.source.length ?? 0) > limits.template) throw tooLong('template', limits.template);
  if (source.length > limits.body) throw tooLong('body', limits.body);
}

function tooLong(field: string, limit: number): Failure {
  return new Failure('not_renderable', { [field]: [`The ${field} has more than ${limit} characters.`] });
}
