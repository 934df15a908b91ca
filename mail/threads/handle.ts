import type { Worker } from 'node:worker_threads';
import { Failure } from '../../domain/errors.js';

/** A message of a thread: it is ready, or how its job ended: a result, a fault of the job, or an error of the program. */
export type ThreadMessage<Result> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: Result }
  | {
      readonly kind: 'fault';
      readonly code: 'not_renderable' | 'template_too_complex';
      readonly field: string;
      readonly reason: string;
    }
  | { readonly kind: 'crash'; readonly message: string };

/** What a pool runs in its threads. */
export interface ThreadProgram {
  readonly open: () => Worker;
  /** The field that is at fault if a job takes too much time or memory. */
  readonly field: string;
}

export interface ThreadLimits {
  /** Threads, which is also the number of jobs at the same time. */
  readonly threads: number;
  /** Milliseconds for one job, from its start in a thread. */
  readonly time: number;
  /** Jobs that may wait for a thread. */
  readonly waiting: number;
  /** Milliseconds after which an idle thread ends. */
  readonly idle: number;
}

export interface Thread<Job, Result> {
  isFree(): boolean;
  run(job: Job): Promise<Result>;
  /** Ends the thread; a running job is rejected with the reason. */
  end(reason: unknown): Promise<void>;
}

interface Work<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

interface ThreadOwner {
  /** Whether the thread stays when it is idle. */
  readonly isKept: () => boolean;
  /** Called once, when the thread takes no more jobs; whether it had loaded its code. */
  readonly onEnd: (loaded: boolean) => void;
}

/** A thread and its one job. */
export function openThread<Job, Result>(
  { open, field }: ThreadProgram,
  limits: Pick<ThreadLimits, 'time' | 'idle'>,
  { isKept, onEnd }: ThreadOwner,
): Thread<Job, Result> {
  const worker = open();
  let work: Work<Result> | undefined;
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
    if (loaded && work !== undefined) timer = setTimeout(() => void end(tooMuch(field, 'time')), limits.time);
  };
  worker.on('message', (message: ThreadMessage<Result>) => {
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
  worker.on('error', (error) => void end(isOutOfMemory(error) ? tooMuch(field, 'memory') : error));
  worker.on('exit', () => void end(new Error('a rendering thread has ended')));

  return {
    isFree: () => !ended && work === undefined,
    end,
    run: (job) => {
      worker.ref();
      worker.postMessage(job);
      return new Promise((resolve, reject) => {
        work = { resolve, reject };
        watch();
      });
    },
  };
}

type Ended<Result> = Exclude<ThreadMessage<Result>, { kind: 'ready' }>;

function settle<Result>(ended: Ended<Result>, { resolve, reject }: Work<Result>): void {
  if (ended.kind === 'done') resolve(ended.result);
  else if (ended.kind === 'fault') reject(new Failure(ended.code, { [ended.field]: [ended.reason] }));
  else reject(new Error(`rendering failed: ${ended.message}`));
}

function tooMuch(field: string, what: 'time' | 'memory'): Failure {
  return new Failure('template_too_complex', { [field]: [`Rendering took too much ${what}.`] });
}

function isOutOfMemory(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
}
