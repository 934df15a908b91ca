import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The wall clock of a process that is started with `environment`; its monotonic clock stays true. */
export interface OwnClock {
  readonly environment: NodeJS.ProcessEnv;
  /** Sets it so many seconds before or after the true time; the process notices within a second. */
  set(seconds: number): Promise<void>;
}

/** Where Debian's package libfaketime and others keep it. */
const FOLDERS = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];
const LIBRARY = join('faketime', 'libfaketimeMT.so.1');

/** Undefined where libfaketime is not installed. */
export async function ownClock(folder: string): Promise<OwnClock | undefined> {
  const library = await findLibrary();
  if (library === undefined) return undefined;
  const file = join(folder, 'clock');
  const set = (seconds: number) => writeFile(file, `${seconds < 0 ? '' : '+'}${seconds}`);
  await set(0);
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
  return { environment, set };
}

async function findLibrary(): Promise<string | undefined> {
  for (const folder of FOLDERS) {
    // Debian has a folder for each architecture.
    const names = await readdir(folder).catch((): string[] => []);
    const found = ['', ...names].map((name) => join(folder, name, LIBRARY)).find((file) => existsSync(file));
    if (found !== undefined) return found;
  }
  return undefined;
}
