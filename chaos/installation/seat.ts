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
  start(differently?: Restart): void;
  /** Whether it answers that it is up, as probes ask it. */
  readonly isUp: () => Promise<boolean>;
  /** The log of the build that runs now. */
  readonly log: () => string;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

interface Restart {
  /** Further variables, for this start alone. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** Another compiled command line, for later starts as well. */
  readonly program?: string | undefined;
}

export interface SeatPlan {
  readonly name: string;
  /** The compiled command line. */
  readonly program: string;
  readonly command: 'api' | 'worker';
  readonly environment: NodeJS.ProcessEnv;
  /** Where its log is kept. */
  readonly folder: string;
  readonly isUp: () => Promise<boolean>;
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
export function startSeat({ name, program: first, command, environment, folder, isUp }: SeatPlan): Seat {
  mkdirSync(folder, { recursive: true });
  let child: ChildProcess;
  let program = first;
  const logFile = () => join(folder, program === first ? `${name}.log` : `${name}-replaced.log`);
  const start = ({ environment: more, program: other = program }: Restart = {}): void => {
    program = other;
    const log = openSync(logFile(), 'a');
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
    isUp,
    log: logFile,
    kill: () => stopped(child, 'SIGKILL'),
    end: () => stopped(child),
    signal: (signal) => void child.kill(signal),
  };
}
