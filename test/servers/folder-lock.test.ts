import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderInUse, lockFolder } from '../../servers/folder-lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everpost-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

const leave = (name: string, note: object) => writeFile(join(folder, name), JSON.stringify(note));
const leaveLock = (holder: { pid: number; startTime: string }, host = hostname()) =>
  leave('everpost.lock', { id: 'old', host, holder });

test('a folder in use is refused by name, and free again after its release', async () => {
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.pid}`);
  await lock.release();
  const second = await lockFolder(folder);
  await second.release();
  expect(await readdir(folder)).toEqual([]);
});

test('a lock whose process is gone is taken over, even where its number belongs to another process now', async () => {
  await leaveLock({ pid: process.pid, startTime: 'long ago' });
  const lock = await lockFolder(folder);
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});

test('if the process that was taking it over has died too, the next one takes it and leaves no files', async () => {
  const holder = { pid: process.pid, startTime: 'long ago' };
  await leaveLock(holder);
  await leave('everpost.lock.after-old', { id: 'taker', host: hostname(), holder });
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(FolderInUse);
  await lock.release();
  expect(await readdir(folder)).toEqual([]);
});

test('a lock of another machine is never judged', async () => {
  await leaveLock({ pid: 1, startTime: 'long ago' }, 'another-machine');
  await expect(lockFolder(folder)).rejects.toThrow(FolderInUse);
});

test('of many that find the same stale lock one takes the folder', async () => {
  await leaveLock({ pid: process.pid, startTime: 'long ago' });
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
  const taken = tries.filter(({ status }) => status === 'fulfilled');
  const refused = tries.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(taken).toHaveLength(1);
  expect(refused.every((reason) => reason instanceof FolderInUse)).toBe(true);
});
