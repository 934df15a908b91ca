import { threadBeside } from '../../worker-thread.js';
import type { SigningJob, SigningResult } from './signing-thread.js';

export interface SigningThread {
  /** Jobs that were sent and are not done. */
  jobs(): number;
  /** The signature fields of each mail; rejects if the keys cannot sign, or if the thread ends before. */
  run(job: SigningJob): Promise<readonly string[]>;
  /** Ends the thread; open jobs are rejected with the reason. */
  end(reason: Error): Promise<void>;
}

interface OpenJob {
  readonly resolve: (fields: readonly string[]) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that does its jobs in their order. An idle one keeps no process alive. `onEnd` is called once. */
export function openSigningThread(onEnd: () => void): SigningThread {
  const worker = threadBeside(import.meta.url, 'signing-thread');
  const open: OpenJob[] = [];
  let ended = false;
  const end = async (reason: Error) => {
    if (!ended) onEnd();
    ended = true;
    for (const { reject } of open.splice(0)) reject(reason);
    await worker.terminate();
  };
  worker.on('message', (result: SigningResult) => {
    const job = open.shift();
    if (open.length === 0) worker.unref();
    if (result.kind === 'signed') job?.resolve(result.fields);
    else job?.reject(new Error(result.message));
  });
  worker.on('error', (error) => void end(error));
  worker.on('exit', () => void end(new Error('a signing thread has ended')));
  return {
    jobs: () => open.length,
    run: (job) => {
      if (open.length === 0) worker.ref();
      return new Promise((resolve, reject) => {
        worker.postMessage(job, [job.bodies.buffer as ArrayBuffer]);
        open.push({ resolve, reject });
      });
    },
    end,
  };
}
