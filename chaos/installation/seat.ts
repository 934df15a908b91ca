import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { stopped } from '../../bench/harness/child.js';

/** A process of Everpost that is ended and started again in the course of a run. */
export interface Seat {
  readonly name: string;
  readonly pid: () => number;
  /** SIGKILL; returns when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; returns when it has ended by itself. */
  end(): Promise<void>;
  /** `more`: variables for this start alone. */
  start(more?: NodeJS.ProcessEnv): void;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

export interface SeatPlan {
  readonly name: string;
  /** The compiled command line. */
  readonly program: string;
  readonly command: 'api' | 'worker';
  readonly environment: NodeJS.ProcessEnv;
  /** Where its log is kept. */
  readonly folder: string;
}

const running = new Set<ChildProcess>();

/** It must not outlive the run, however the run ends. */
function killWithThisProcess(child: ChildProcess): void {
  if (running.size === 0) process.once('exit', killAll);
  running.add(child);
  child.once('exit', () => {
    running.delete(child);
    if (running.size === 0) process.off('exit', killAll);
  });
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Starts the process; its log goes to a file of its own. */
export function startSeat({ name, program, command, environment, folder }: SeatPlan): Seat {
  mkdirSync(folder, { recursive: true });
  let child: ChildProcess;
  const start = (more?: NodeJS.ProcessEnv): void => {
    const log = openSync(join(folder, `${name}.log`), 'a');
    child = spawn(process.execPath, [program, command], {
      stdio: ['ignore', log, log],
      env: { ...environment, ...more },
    });
    killWithThisProcess(child);
  };
  start();
  return {
    name,
    pid: () => child.pid ?? 0,
    start,
    kill: () => stopped(child, 'SIGKILL'),
    end: () => stopped(child),
    signal: (signal) => void child.kill(signal),
  };
}
