import { DEFAULT_BRAND } from '../../domain/brand/brand.js';
import { Failure } from '../../domain/errors.js';
import type { Rendered, RenderJob } from './job.js';
import type { RenderLimits } from './thread-handle.js';
import { openThread, type RenderThread } from './thread-handle.js';

export const RENDER_LIMITS: RenderLimits = {
  threads: 2,
  time: 15_000,
  waiting: 200,
  template: 500_000,
  body: 2_000_000,
  idle: 30_000,
};

export interface Renderer {
  /** Throws `not_renderable` or `template_too_complex` for a faulty job, `unavailable` if too many jobs wait. */
  render(job: RenderJob): Promise<Rendered>;
  close(): Promise<void>;
}

interface RendererPool extends Renderer {
  /** Loads the code of one thread and keeps that thread, so that a letter does not wait for it. */
  warmUp(): Promise<void>;
}

/**
 * Renders in worker threads: MJML takes tens of milliseconds, and a hostile template never ends. A thread that exceeds
 * its time or memory is ended and its job refused; the next job gets a new thread. Threads start with the first job; a
 * warm pool replaces its last thread.
 */
export function renderer(limits: RenderLimits = RENDER_LIMITS): RendererPool {
  const threads = new Set<RenderThread>();
  const semaphore = newSemaphore(limits);
  let warm = false;
  const freeThread = () => {
    const free = [...threads].find((thread) => thread.isFree());
    if (free !== undefined) return free;
    const fresh = openThread(limits, {
      isKept: () => warm && threads.size === 1,
      onEnd: (loaded) => {
        threads.delete(fresh);
        if (warm && loaded && threads.size === 0) void load();
      },
    });
    threads.add(fresh);
    return fresh;
  };
  const render = async (job: RenderJob) => {
    await semaphore.acquire();
    try {
      return await freeThread().render(job);
    } finally {
      semaphore.release();
    }
  };
  /** A thread that cannot load is reported by the first job. */
  const load = () => render(FIRST_JOB).catch(() => undefined);
  return {
    render: async (job) => {
      checkSizes(job, limits);
      return render(job);
    },
    warmUp: async () => {
      warm = true;
      await load();
    },
    close: async () => {
      warm = false;
      semaphore.close();
      await Promise.all([...threads].map((thread) => thread.end(new Failure('unavailable'))));
    },
  };
}

/** Needs all code of a thread: Liquid, MJML, the inlining of styles and the text part. */
const FIRST_JOB: RenderJob = {
  template: { format: 'mjml', source: '<mjml><mj-body>{{ content }}</mj-body></mjml>' },
  body: { format: 'html', source: '<p>Hello {{ first_name }}</p>' },
  brand: DEFAULT_BRAND,
  subject: 'Hello',
  preheader: null,
  text: null,
  language: 'en',
  purpose: 'campaign',
  fields: null,
};

/** As many permits as there are threads; later jobs wait in a queue. */
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
