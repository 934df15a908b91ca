import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const MIN_SPACE = 4 * 2 ** 30;

/**
 * A folder for the data of a test's servers: in memory where there is room, so that no test waits for a disk. It outlives every
 * process that is killed, as a disk does; that a machine loses its power is not tested.
 */
export async function dataFolder(name: string): Promise<string> {
  return mkdtemp(join((await hasSpace(MEMORY)) ? MEMORY : tmpdir(), `everpost-${name}-`));
}

async function hasSpace(folder: string): Promise<boolean> {
  const free = await statfs(folder).catch(() => undefined);
  return free !== undefined && free.bavail * free.bsize >= MIN_SPACE;
}
