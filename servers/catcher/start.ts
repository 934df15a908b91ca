import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Config, packageRoot } from '../../config.js';
import { lockFolder } from '../folder-lock.js';
import { logTail, startProcess, untilReady } from '../process.js';
import type { Report } from '../report.js';
import type { CatcherOptions } from './catcher.js';

const READY_MS = 30_000;
const READY_LINE = /^\{"smtpPort":\d+,"inboxPort":\d+\}$/m;

export interface CatcherPlan {
  readonly config: Pick<Config, 'catcherPort' | 'inboxPort'>;
  readonly dataDir: string;
  readonly report: Report;
}

export interface RunningCatcher {
  /** The address that the sender delivers to. */
  readonly smtpUrl: string;
  readonly inboxUrl: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the catcher as a child process, so that it does not share an event loop with the sender. */
export async function startCatcher({ config, dataDir, report }: CatcherPlan): Promise<RunningCatcher> {
  const folder = join(dataDir, 'mail');
  const lock = await lockFolder(folder);
  try {
    const server = await startProcess({
      command: process.execPath,
      args: catcherArguments({ folder, ...catcherOptions(config) }),
      log: join(folder, 'catcher.log'),
    });
    await lock.recordServer(server.pid);
    if ((await untilReady(server, READY_LINE, READY_MS)) === 'ended') {
      throw new Error(`The mail catcher did not start: ${await logTail(server)}`);
    }
    const readyLine = READY_LINE.exec(await readFile(server.log, 'utf8'))?.[0] ?? '{}';
    const { smtpPort, inboxPort } = JSON.parse(readyLine) as { smtpPort: number; inboxPort: number };
    const urls = { smtpUrl: `smtp://127.0.0.1:${smtpPort}`, inboxUrl: `http://127.0.0.1:${inboxPort}` };
    report(`Mail catcher on ${urls.smtpUrl}, inbox on ${urls.inboxUrl}, mails in ${folder}`);
    return { ...urls, pid: server.pid, stop: () => server.stop().finally(lock.release) };
  } catch (failure) {
    await lock.release();
    throw failure;
  }
}

/** Ports and assets of a catcher, from the configuration. */
export function catcherOptions(config: CatcherPlan['config']): Omit<CatcherOptions, 'folder'> {
  const assets = join(packageRoot(), 'content', 'inbox');
  return { smtpPort: config.catcherPort, inboxPort: config.inboxPort, assets };
}

/** The product runs compiled files; development and tests run the sources through tsx. */
function catcherArguments(options: CatcherOptions): string[] {
  const here = fileURLToPath(import.meta.url);
  const main = fileURLToPath(new URL(`./main${extname(here)}`, import.meta.url));
  const loader =
    extname(here) === '.ts' ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [];
  return [...loader, main, JSON.stringify(options)];
}
