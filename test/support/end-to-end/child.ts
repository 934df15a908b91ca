import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { inject } from 'vitest';

/** A process of Everpost, as the operating system sees it. */
export interface Child {
  readonly pid: number;
  /** Sends the signal and returns at once: SIGSTOP, SIGCONT. */
  signal(name: NodeJS.Signals): void;
  /** Sends the signal and waits for the end; answers how the process ended. */
  end(name: 'SIGKILL' | 'SIGTERM'): Promise<string>;
}

export type Program = 'worker-main' | 'api-main';

/**
 * Most programs live for seconds. A larger young generation and later optimization spare a fifth of the CPU time of a
 * start: most optimized code of a start is never used again.
 */
const SHORT_LIFE = ['--min-semi-space-size=32', '--max-semi-space-size=64', '--interrupt-budget=1000000'];

/** Starts a program of this folder, compiled, with its plan and waits until it says that it is ready. */
export async function aChild(program: Program, plan: object): Promise<Child> {
  const path = join(inject('endToEndPrograms'), `${program}.js`);
  const child = spawn(process.execPath, [...SHORT_LIFE, path, JSON.stringify(plan)], {
    // Programs of tests talk to the loopback without TLS: reading further authorities costs 0.05 CPU seconds at each start.
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderrTail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    stderrTail = (stderrTail + text).slice(-2_000);
  });
  const ended = once(child, 'close').then(([code, signal]) => String(signal ?? code));
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: Buffer) => text.includes('ready') && resolve());
  });
  await Promise.race([
    ready,
    ended.then((how) => {
      throw new Error(`${program} ended with ${how} before it was ready: ${stderrTail}`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    signal: (name) => void child.kill(name),
    end: (name) => {
      // A process stopped by SIGSTOP reacts to SIGKILL only.
      child.kill(name);
      return ended;
    },
  };
}
