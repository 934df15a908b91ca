import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where an embedded installation is reached while it runs; holds a password, so that only its owner may read it. */
export interface RunningNote {
  readonly mongodbUrl: string;
  readonly temporalAddress: string;
}

const noteIn = (dataDir: string) => join(dataDir, 'running.json');

/** Leaves word for commands that run beside `everpost start`; the returned function takes it away. */
export async function noteRunning(dataDir: string, note: RunningNote): Promise<() => Promise<void>> {
  await writeFile(noteIn(dataDir), JSON.stringify(note), { mode: 0o600 });
  return () => rm(noteIn(dataDir), { force: true });
}

/** The installation that runs on this data folder, or ran until it was killed: whoever connects will see. */
export async function readRunning(dataDir: string): Promise<RunningNote | undefined> {
  try {
    return JSON.parse(await readFile(noteIn(dataDir), 'utf8')) as RunningNote;
  } catch {
    return undefined;
  }
}
