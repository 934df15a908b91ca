import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where an embedded installation is reached while it runs; holds a password, so that only its owner may read it. */
export interface RunningInstallation {
  readonly mongodbUrl: string;
  readonly temporalAddress: string;
}

const runningFile = (dataDir: string) => join(dataDir, 'running.json');

/** Leaves word for commands that run beside `everpost start`; the returned function takes it away. */
export async function writeRunningFile(
  dataDir: string,
  installation: RunningInstallation,
): Promise<() => Promise<void>> {
  await writeFile(runningFile(dataDir), JSON.stringify(installation), { mode: 0o600 });
  return () => rm(runningFile(dataDir), { force: true });
}

/** The installation that runs on this data folder, or ran until it was killed: whoever connects will see. */
export async function readRunningFile(dataDir: string): Promise<RunningInstallation | undefined> {
  try {
    return JSON.parse(await readFile(runningFile(dataDir), 'utf8')) as RunningInstallation;
  } catch {
    return undefined;
  }
}
