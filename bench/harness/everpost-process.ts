import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, packageRoot } from '../../config.js';
import { freePort } from '../../servers/ports.js';
import { stopped } from './child.js';

export interface EverpostProcess {
  readonly address: string;
  readonly key: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The key of the first account in each installation of a bench. */
const KEY = 'evp_a_key_for_this_bench_alone';

/** `everpost start` in a child process with its own data folder; mail goes to `smtpUrl`. */
export async function everpostProcess(config: Config, dataDir: string, smtpUrl: string): Promise<EverpostProcess> {
  return servingProcess(config, 'start', { INBOX_PORT: '0', CATCHER_PORT: '0', SMTP_URL: smtpUrl, DATA_DIR: dataDir });
}

/** A command that serves the API, without a limit on requests unless one is set; returns once it is ready. */
export async function servingProcess(
  config: Config,
  command: 'start' | 'api',
  environment: NodeJS.ProcessEnv,
  folder?: string,
): Promise<EverpostProcess> {
  const port = await freePort(0);
  const serving = { PORT: String(port), EVERPOST_API_KEY: KEY, RATE_LIMIT_PER_MINUTE: '0' };
  const child = commandProcess(config, command, { ...serving, ...environment }, folder);
  const address = `http://127.0.0.1:${port}`;
  while (!(await isReady(address))) {
    if (child.exitCode !== null) throw new Error(`everpost ${command} ended with ${child.exitCode}`);
    await pause(250);
  }
  return { address, key: KEY, pid: child.pid ?? 0, stop: () => stopped(child) };
}

/** A command of the program built in this folder, or in another one; it logs errors alone. */
export function commandProcess(
  config: Config,
  command: string,
  environment: NodeJS.ProcessEnv,
  folder = packageRoot(),
): ChildProcess {
  return spawn(process.execPath, [join(folder, 'dist', 'cli.js'), command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...machineEnvironment(config), LOG_LEVEL: 'error', ...environment },
  });
}

/** What a child needs of this machine; provisioned servers are cached in HOME. */
export function machineEnvironment({ path }: Pick<Config, 'path'>): NodeJS.ProcessEnv {
  return { PATH: path, ...(process.env['HOME'] !== undefined && { HOME: process.env['HOME'] }) };
}

export async function isReady(address: string): Promise<boolean> {
  try {
    return (await fetch(`${address}/ready`)).ok;
  } catch {
    return false;
  }
}
