import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program in a process of its own, which answers one request at a time. */
export interface BenchChild {
  readonly pid: number;
  /** Rejects if the process ends before its answer. */
  ask<A>(request: object): Promise<A>;
  stop(): Promise<void>;
}

/** Starts a program that lies beside the caller's file, as source or compiled, as that file is. */
export function forkBeside(caller: string, name: string, args: readonly string[] = []): ChildProcess {
  const kind = extname(fileURLToPath(caller));
  const execArgv = kind === '.ts' ? ['--import', 'tsx'] : process.execArgv;
  return fork(fileURLToPath(new URL(`./${name}${kind}`, caller)), args, { execArgv });
}

export function benchChild(caller: string, name: string): BenchChild {
  const child = forkBeside(caller, name);
  return {
    pid: child.pid ?? 0,
    ask: async <A>(request: object) => {
      const over = new AbortController();
      try {
        const ended = once(child, 'exit', { signal: over.signal }).then(([code]) => {
          throw new Error(`${name} ended with ${code}`);
        });
        const answered = once(child, 'message', { signal: over.signal }).then(([answer]) => answer as A);
        // The one that is aborted below rejects later, when it is awaited no more.
        ended.catch(() => undefined);
        answered.catch(() => undefined);
        child.send(request);
        return await Promise.race([answered, ended]);
      } finally {
        over.abort();
      }
    },
    stop: () => stopped(child),
  };
}

/** Ends a process; returns when it is gone. */
export async function stopped(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
