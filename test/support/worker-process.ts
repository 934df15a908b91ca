import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface WorkerProcess {
  /** Resident memory in MB; 0 where the system does not say. */
  memory(): number;
  /** Ends with the process. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** MB of JavaScript heap: with little room what is kept by mistake is found out. */
const HEAP = 192;
const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url));

/** `everpost worker` as a process of its own, as in production. */
export function aWorkerProcess(environment: Readonly<Record<string, string>>): WorkerProcess {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP}`, '--import', 'tsx', CLI, 'worker'], {
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
