import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageRoot, readConfig } from '../../../config.js';
import { freePort } from '../../../servers/ports.js';
import { dataFolder } from '../servers/data-folder.js';
import { until } from '../until.js';

export const STARTED_KEY = 'evp_a_key_of_the_started_process';

export type StartedEverpost = Awaited<ReturnType<typeof startedEverpost>>;

/** `everpost start` from the sources, in a process of its own with embedded servers. */
export async function startedEverpost(environment: Readonly<Record<string, string>>) {
  const dataDir = await dataFolder('start');
  const port = await freePort(0);
  const api = `http://127.0.0.1:${port}`;
  const { path, cacheDir } = readConfig();
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli.ts', 'start'], {
    cwd: packageRoot(),
    env: {
      PATH: path,
      XDG_CACHE_HOME: dirname(cacheDir),
      EVERPOST_API_KEY: STARTED_KEY,
      DATA_DIR: dataDir,
      PORT: String(port),
      LOG_LEVEL: 'error',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    process.stderr.write(text);
  });
  const ended = once(child, 'close').then(([code, signal]) => String(signal ?? code));
  const ready = async () => (await fetch(`${api}/ready`).catch(() => undefined))?.ok === true;
  await until(ready, 90_000);

  const folderOf = async (server: 'mongodb' | 'temporal') => {
    const name = (await readdir(dataDir)).find((entry) => entry.startsWith(`${server}-`)) ?? '';
    return join(dataDir, name);
  };
  return {
    api,
    /** Both streams, from the start on. */
    printed: () => printed,
    /** Exit code or signal. */
    ended,
    folderOf,
    /** Ends a server of this installation with SIGKILL. */
    kill: async (server: 'mongodb' | 'temporal') => {
      const lock = await readFile(join(await folderOf(server), 'everpost.lock'), 'utf8');
      process.kill((JSON.parse(lock) as { server: { pid: number } }).server.pid, 'SIGKILL');
    },
    /** The answer of `/ready`. */
    ready: async () => {
      const response = await fetch(`${api}/ready`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    request: async (method: 'GET' | 'POST', resource: string, body?: object) => {
      const response = await fetch(`${api}/api/v1${resource}`, {
        method,
        headers: { authorization: `Bearer ${STARTED_KEY}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${method} ${resource}: ${response.status} ${await response.text()}`);
      return (await response.json()) as { readonly data: { readonly id: string; readonly state: string } };
    },
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
