import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Lets `fetch` put a program into a folder of its own and moves it to its name in the cache in one step: two processes that
 * provision at the same time each finish, and whoever looks never sees half a file.
 */
export async function intoCache(
  cacheDir: string,
  name: string,
  fetch: (folder: string) => Promise<string>,
): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  const folder = await mkdtemp(join(cacheDir, 'incoming-'));
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
