import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a program in a thread that lies beside the caller's file, as source or compiled, as that file is. TypeScript
 * sources run through tsx in development and tests.
 */
export function threadBeside(caller: string, name: string, limits: WorkerOptions['resourceLimits'] = {}): Worker {
  const options = { resourceLimits: limits, execArgv: [], env: {} };
  if (!caller.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, caller), options);
  const thread = new URL(`./${name}.ts`, caller).href;
  const bootstrap = `import('tsx/esm/api').then(({ tsImport }) => tsImport('${thread}', '${thread}'));`;
  return new Worker(bootstrap, { ...options, eval: true });
}
