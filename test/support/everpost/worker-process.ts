import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

export interface WorkerProcess {
  /** Resident memory in MB; 0 where the system does not say. */
  memory(): number;
  /** Ends with the process. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** MB of JavaScript heap: a small heap reveals leaks. */
const HEAP = 192;

/** `everpost worker` as a process of its own, built as in production: compiled, its workflows bundled before it starts. */
export function aWorkerProcess(environment: Readonly<Record<string, string>>): WorkerProcess {
  const programs = inject('endToEndPrograms');
  // The build puts it one folder above the program.
  copyFileSync(inject('workflowBundle'), join(programs, '..', 'workflow-bundle.js'));
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP}`, join(programs, 'cli.js'), 'worker'], {
    env: { ...process.env, LOG_LEVEL: 'error', SMTP_URL: 'smtp://127.0.0.1:9', ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  return {
    memory: () => memoryOf(child),
    stop: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

function memoryOf({ pid }: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
