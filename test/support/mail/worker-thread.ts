import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { inject } from 'vitest';
import { packageRoot } from '../../../config.js';

/** Stands in for `mail/worker-thread.ts` in tests: starts the same program, compiled by `compiled-threads.ts`. */
export function threadBeside(caller: string, name: string, limits: WorkerOptions['resourceLimits'] = {}): Worker {
  const path = relative(packageRoot(), fileURLToPath(new URL(`./${name}.js`, caller)));
  const program = new URL(path, pathToFileURL(`${inject('compiledThreads')}/`));
  return new Worker(program, { resourceLimits: limits, execArgv: [], env: {} });
}
