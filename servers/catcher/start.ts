import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Config, packageRoot } from '../../config.js';
import { failureAtEnd, lockedServer, startAgain } from '../locked-server.js';
import { type Report, ServerFailure } from '../report.js';
import type { EmbeddedServer } from '../supervise.js';
import type { CatcherOptions } from './catcher.js';

const READY_MS = 30_000;
const READY_LINE = /^\{"smtpPort":\d+,"inboxPort":\d+\}$/m;

export interface CatcherPlan {
  readonly config: Pick<Config, 'catcherPort' | 'inboxPort'>;
  readonly dataDir: string;
  readonly report: Report;
}

export interface RunningCatcher extends EmbeddedServer {
  /** The address that the sender delivers to. */
  readonly smtpUrl: string;
  readonly inboxUrl: string;
  readonly pid: number;
}

interface Ports {
  readonly smtpPort: number;
  readonly inboxPort: number;
}

/** Starts the catcher as a child process, so that it does not share an event loop with the sender. */
export async function startCatcher({ config, dataDir, report }: CatcherPlan): Promise<RunningCatcher> {
  const folder = join(dataDir, 'mail');
  const server = await lockedServer(folder, join(folder, 'catcher.log'));
  const { assets, ...wanted } = catcherOptions(config);
  const start = (ports: Ports) => {
    const args = catcherArguments({ folder, assets, ...ports });
    return server.start(
      { command: process.execPath, args, readyPattern: READY_LINE, limitMs: READY_MS },
      async () => {},
    );
  };
  try {
    if ((await start(wanted)) === 'ended') {
      throw new ServerFailure(`The mail catcher did not start: ${await server.endOf()}`);
    }
    const readyLine = READY_LINE.exec(await readFile(server.log, 'utf8'))?.[0] ?? '{}';
    const ports = JSON.parse(readyLine) as Ports;
    const urls = { smtpUrl: `smtp://127.0.0.1:${ports.smtpPort}`, inboxUrl: `http://127.0.0.1:${ports.inboxPort}` };
    report(`Mail catcher on ${urls.smtpUrl}, inbox on ${urls.inboxUrl}, mails in ${folder}`);
    return {
      ...urls,
      get pid() {
        return server.pid();
      },
      paths: server,
      ended: () => server.gone().then(() => failureAtEnd(server)),
      startAgain: () => startAgain(server, { data: folder, ports: Object.values(ports) }, () => start(ports)),
      stop: server.stop,
    };
  } catch (failure) {
    await server.stop();
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
