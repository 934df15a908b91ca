import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../clock.js';
import { identityOf, isRunning, type ProcessIdentity } from './process.js';
import { ServerFailure } from './report.js';

const SERVER_GONE_MS = 20_000;

interface LockRecord {
  readonly id: string;
  readonly host: string;
  readonly holder: ProcessIdentity;
  /** The server that uses the folder; it may outlive a killed holder by some seconds. */
  readonly server?: ProcessIdentity;
}

export interface FolderLock {
  /** Records the server that uses the folder, so that the next holder waits for its end. */
  recordServer(pid: number): Promise<void>;
  release(): Promise<void>;
}

/** Another live process uses the folder. */
export class FolderInUse extends ServerFailure {
  override readonly name = 'FolderInUse';
}

/** Locks a data folder for this process; the lock of a dead holder is taken over once its server has ended too. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'everpost.lock');
  const record: LockRecord = { id: randomUUID(), host: hostname(), holder: await identityOf(process.pid) };
  await take(path, record, folder);
  return {
    recordServer: async (pid) => replace(path, { ...record, server: await identityOf(pid) }),
    release: async () => {
      if ((await read(path))?.id === record.id) await rm(path, { force: true });
    },
  };
}

/**
 * A process that finds the lock of a dead holder first locks the takeover in the same way: one file, named after that lock.
 * Only its owner replaces the old lock, so a newer one is never removed. If the owner dies too, the takeover lock is taken
 * over like the folder itself.
 */
async function take(path: string, record: LockRecord, folder: string): Promise<void> {
  while (!(await claim(path, record))) {
    const found = await read(path);
    if (found === undefined) continue;
    await untilHolderEnded(found, path, folder);
    const right = `${path}.after-${found.id}`;
    await take(right, record, folder);
    if ((await read(path))?.id === found.id) return rename(right, path);
    await rm(right, { force: true });
  }
}

/** A link is created with its whole content or not at all, and never replaces another. */
async function claim(path: string, record: LockRecord): Promise<boolean> {
  const draft = `${path}.${record.id}`;
  await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'EEXIST') return false;
    throw failure;
  } finally {
    await rm(draft, { force: true });
  }
}

async function replace(path: string, record: LockRecord): Promise<void> {
  const draft = `${path}.${record.id}`;
  await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
  await rename(draft, path);
}

async function untilHolderEnded(record: LockRecord, path: string, folder: string): Promise<void> {
  if (record.host !== hostname() || (await isRunning(record.holder))) {
    throw new FolderInUse(
      `${folder} is in use by process ${record.holder.pid} on ${record.host}. Stop that Everpost first, or set DATA_DIR to another folder. ` +
        `Where no such process runs, delete ${path}.`,
    );
  }
  if (record.server !== undefined) await untilGone(record.server, folder);
}

async function untilGone(server: ProcessIdentity, folder: string): Promise<void> {
  const deadline = monotonic() + SERVER_GONE_MS;
  while (await isRunning(server)) {
    if (monotonic() > deadline) {
      throw new FolderInUse(`The server ${server.pid} of an earlier run still works in ${folder}; end it first.`);
    }
    await delay(50);
  }
}

async function read(path: string): Promise<LockRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LockRecord;
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
    throw failure;
  }
}
