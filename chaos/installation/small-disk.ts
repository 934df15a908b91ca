import { execFileSync } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Data of a run fits in, and filling it harms nothing else. */
const SIZE = '1g';
const BLOCK = Buffer.alloc(1_048_576);

export interface SmallDisk {
  /** Writes until no space is left; the returned function frees it. */
  fill(): Promise<() => Promise<void>>;
  /** What was on it is gone. */
  unmount(): void;
}

/** Mounts a file system in memory on an empty folder; undefined where this process may not. */
export function mountSmallDisk(folder: string): SmallDisk | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const unmount = () => {
    process.off('exit', unmount);
    // Also while a server that is being killed still has files open.
    execFileSync('umount', ['--lazy', folder], { stdio: 'ignore' });
  };
  process.once('exit', unmount);
  const ballast = join(folder, 'ballast');
  const fill = async () => {
    const file = await open(ballast, 'w');
    try {
      for (;;) await file.write(BLOCK);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      await file.close();
    }
    return () => rm(ballast);
  };
  return { fill, unmount };
}
