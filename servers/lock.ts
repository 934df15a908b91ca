import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../clock.js';
import { type Life, lifeOf, lives } from './life.js';

const SERVER_GONE_MS = 20_000;

interface LockNote {
  readonly id: string;
  readonly host: string;
  readonly holder: Life;
  /** The server that works in the folder; it may outlive a killed holder by some seconds. */
  readonly server?: Life;
}

export interface FolderLock {
  /** Notes the server that works in the folder, so that the next holder waits for its end. */
  noteServer(pid: number): Promise<void>;
  release(): Promise<void>;
}

/** Another living process works in the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/** Takes a data folder for this process alone; a lock whose holder is gone is taken over, once its server is gone too. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'everpost.lock');
  const note: LockNote = { id: randomUUID(), host: hostname(), holder: await lifeOf(process.pid) };
  await take(path, note, folder);
  return {
    noteServer: async (pid) => replace(path, { ...note, server: await lifeOf(pid) }),
    release: async () => {
      if ((await read(path))?.id === note.id) await rm(path, { force: true });
    },
  };
}

/**
 * Whoever finds the note of a dead holder takes the right to follow it, in the same way: one file, named by that note.
 * Nobody else replaces the note meanwhile, so a newer one is never moved away; and where its taker dies too, that right is
 * taken over like the folder itself.
 */
async function take(path: string, note: LockNote, folder: string): Promise<void> {
  while (!(await claim(path, note))) {
    const found = await read(path);
    if (found === undefined) continue;
    await untilDead(found, path, folder);
    const right = `${path}.after-${found.id}`;
    await take(right, note, folder);
    if ((await read(path))?.id === found.id) return rename(right, path);
    await rm(right, { force: true });
  }
}

/** A link appears with its whole content or not at all, and never over another. */
async function claim(path: string, note: LockNote): Promise<boolean> {
  const draft = `${path}.${note.id}`;
  await writeFile(draft, JSON.stringify(note), { mode: 0o600 });
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

async function replace(path: string, note: LockNote): Promise<void> {
  const draft = `${path}.${note.id}`;
  await writeFile(draft, JSON.stringify(note), { mode: 0o600 });
  await rename(draft, path);
}

async function untilDead(note: LockNote, path: string, folder: string): Promise<void> {
  if (note.host !== hostname() || (await lives(note.holder))) {
    throw new FolderInUse(
      `${folder} is in use by process ${note.holder.pid} on ${note.host}. Stop that Everpost first, or set DATA_DIR to another folder. ` +
        `Where no such process runs, delete ${path}.`,
    );
  }
  if (note.server !== undefined) await untilGone(note.server, folder);
}

async function untilGone(server: Life, folder: string): Promise<void> {
  const deadline = monotonic() + SERVER_GONE_MS;
  while (await lives(server)) {
    if (monotonic() > deadline) {
      throw new FolderInUse(`The server ${server.pid} of an earlier run still works in ${folder}; end it first.`);
    }
    await delay(50);
  }
}

async function read(path: string): Promise<LockNote | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LockNote;
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
    throw failure;
  }
}
