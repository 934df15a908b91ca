import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { now } from '../../clock.js';

const INCOMING = 'incoming-';
const ABANDONED_MS = 24 * 60 * 60_000;

/**
 * `fetch` writes a program into a temporary folder; one rename then moves it into the cache. Two processes may provision at
 * the same time, and readers never see an incomplete file.
 */
export async function intoCache(
  cacheDir: string,
  name: string,
  fetch: (folder: string) => Promise<string>,
): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  await sweepAbandoned(cacheDir);
  const folder = await mkdtemp(join(cacheDir, INCOMING));
  try {
    const fetched = await fetch(folder);
    await chmod(fetched, 0o755);
    const target = join(cacheDir, name);
    await rename(fetched, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Deletes incomplete downloads of killed processes; no download takes a day. */
async function sweepAbandoned(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(INCOMING)) continue;
    const folder = join(cacheDir, name);
    const made = await stat(folder).catch(() => undefined);
    const abandoned = made !== undefined && now().getTime() - made.mtimeMs > ABANDONED_MS;
    if (abandoned) await rm(folder, { recursive: true, force: true });
  }
}
