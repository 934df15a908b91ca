import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Credentials of the embedded MongoDB: created at the first start, kept in its data folder, readable by its owner alone. */
export async function readCredentials(folder: string): Promise<{ keyFile: string; credentials: Credentials }> {
  const keyFile = join(folder, 'key');
  await writeOnce(keyFile, randomBytes(567).toString('base64'));
  const password = join(folder, 'password');
  await writeOnce(password, randomBytes(24).toString('base64url'));
  return { keyFile, credentials: { user: 'everpost', password: await readFile(password, 'utf8') } };
}

async function writeOnce(path: string, content: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, content, { mode: 0o600 });
  await link(draft, path).catch((failure: NodeJS.ErrnoException) => {
    if (failure.code !== 'EEXIST') throw failure;
  });
  await rm(draft, { force: true });
}
