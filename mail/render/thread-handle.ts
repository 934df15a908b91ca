import { Failure } from '../../domain/errors.js';
import { threadBeside } from '../worker-thread.js';
import type { Rendered, RenderJob } from './job.js';
import type { JobResult, ThreadMessage } from './thread.js';

const MEGABYTES = 256;

export interface RenderThread {
  isFree(): boolean;
  render(job: RenderJob): Promise<Rendered>;
  /** Ends the thread; a running job is rejected with the reason. */
  end(reason: unknown): Promise<void>;
}

interface Work {
  readonly resolve: (rendered: Rendered) => void;
  readonly reject: (error: unknown) => void;
}

interface ThreadOwner {
  /** Whether the thread stays when it is idle. */
  readonly isKept: () => boolean;
  /** Called once, when the thread takes no more jobs; whether it had loaded its code. */
  readonly onEnd: (loaded: boolean) => void;
}

/** A thread and its one job. */
export function openThread(limits: Pick<RenderLimits, 'time' | 'idle'>, { isKept, onEnd }: ThreadOwner): RenderThread {
  const worker = threadBeside(import.meta.url, 'thread', { maxOldGenerationSizeMb: MEGABYTES });
  let work: Work | undefined;
  let timer: NodeJS.Timeout | undefined;
  let loaded = false;
  let ended = false;

  const end = async (reason: unknown) => {
    clearTimeout(timer);
    const isFirst = !ended;
    ended = true;
    work?.reject(reason);
    work = undefined;
    if (isFirst) onEnd(loaded);
    await worker.terminate();
  };
  /** An idle thread keeps no process alive, and ends after a while unless it is kept. */
  const becomeIdle = () => {
    worker.unref();
    timer = setTimeout(() => (isKept() ? becomeIdle() : void end(undefined)), limits.idle).unref();
  };
  const watch = () => {
    clearTimeout(timer);
    if (loaded && work !== undefined) timer = setTimeout(() => void end(tooMuch('time')), limits.time);
  };
  worker.on('message', (message: ThreadMessage) => {
    if (message.kind === 'ready') {
      loaded = true;
      watch();
      return;
    }
    clearTimeout(timer);
    const done = work;
    work = undefined;
    becomeIdle();
    if (done !== undefined) settle(message, done);
  });
  worker.on('error', (error) => void end(isOutOfMemory(error) ? tooMuch('memory') : error));
  worker.on('exit', () => void end(new Error('a rendering thread has ended')));

  return {
    isFree: () => !ended && work === undefined,
    end,
    render: (job) => {
      worker.ref();
      worker.postMessage(job);
      return new Promise((resolve, reject) => {
        work = { resolve, reject };
        watch();
      });
    },
  };
}

function settle(result: JobResult, { resolve, reject }: Work): void {
  if (result.kind === 'rendered') resolve(result.rendered);
  else if (result.kind === 'fault') reject(new Failure(result.code, { [result.field]: [result.reason] }));
  else reject(new Error(`rendering failed: ${result.message}`));
}

function tooMuch(what: 'time' | 'memory'): Failure {
  return new Failure('template_too_complex', { template: [`Rendering took too much ${what}.`] });
}

function isOutOfMemory(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
}

export interface RenderLimits {
  /** Threads, which is also the number of letters rendered at the same time. */
  readonly threads: number;
  /** Milliseconds for one letter, from its start in a thread. */
  readonly time: number;
  /** Letters that may wait for a thread. */
  readonly waiting: number;
  /** Maximum characters of a template and of a body. */
  readonly template: number;
  readonly body: number;
  /** Milliseconds after which an idle thread ends. */
  readonly idle: number;
}
