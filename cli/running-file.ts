import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Addresses of a running embedded installation; holds a password, so only its owner may read it. */
interface RunningInstallation {
  readonly mongodbUrl: string;
  readonly temporalAddress: string;
}

const runningFile = (dataDir: string) => join(dataDir, 'running.json');

/** Writes the file for commands that run beside `everpost start`; the returned function deletes it. */
export async function writeRunningFile(
  dataDir: string,
  installation: RunningInstallation,
): Promise<() => Promise<void>> {
  await writeFile(runningFile(dataDir), JSON.stringify(installation), { mode: 0o600 });
  return () => rm(runningFile(dataDir), { force: true });
}

/** The installation on this data folder. A killed one leaves its file behind: the caller finds out by connecting. */
export async function readRunningFile(dataDir: string): Promise<RunningInstallation | undefined> {
  try {
    return JSON.parse(await readFile(runningFile(dataDir), 'utf8')) as RunningInstallation;
  } catch {
    return undefined;
  }
}
