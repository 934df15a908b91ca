import { DEFAULT_BRAND } from '../../domain/brand/brand.js';
import { Failure } from '../../domain/errors.js';
import type { ThreadLimits } from '../threads/handle.js';
import { threadPool } from '../threads/pool.js';
import { threadBeside } from '../worker-thread.js';
import type { Rendered, RenderJob } from './job.js';

interface RenderLimits extends ThreadLimits {
  /** Maximum characters of a template and of a body. */
  readonly template: number;
  readonly body: number;
}

export const RENDER_LIMITS: RenderLimits = {
  threads: 2,
  time: 15_000,
  waiting: 200,
  template: 500_000,
  body: 2_000_000,
  idle: 30_000,
};

/** Of one thread. */
export const RENDER_MEGABYTES = 256;

export interface Renderer {
  /** Throws `not_renderable` or `template_too_complex` for a faulty job, `unavailable` if too many jobs wait. */
  render(account: number, job: RenderJob): Promise<Rendered>;
  close(): Promise<void>;
}

interface RendererPool extends Renderer {
  /** Loads the code of one thread and keeps that thread, so that a letter does not wait for it. */
  warmUp(): Promise<void>;
}

/** Renders in worker threads: MJML takes tens of milliseconds, and a hostile template never ends. */
export function renderer(limits: RenderLimits = RENDER_LIMITS): RendererPool {
  const memory = { maxOldGenerationSizeMb: RENDER_MEGABYTES };
  const program = { open: () => threadBeside(import.meta.url, 'thread', memory), field: 'template' };
  const pool = threadPool<RenderJob, Rendered>(program, limits);
  return {
    render: async (account, job) => {
      checkSizes(job, limits);
      return pool.run(account, job);
    },
    warmUp: () => pool.warmUp(FIRST_JOB),
    close: () => pool.close(),
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

function checkSizes({ template, body }: RenderJob, limits: RenderLimits): void {
  const source = body === null ? '' : body.format === 'blocks' ? JSON.stringify(body.blocks) : body.source;
  if ((template?.source.length ?? 0) > limits.template) throw tooLong('template', limits.template);
  if (source.length > limits.body) throw tooLong('body', limits.body);
}

function tooLong(field: string, limit: number): Failure {
  return new Failure('not_renderable', { [field]: [`The ${field} has more than ${limit} characters.`] });
}
