import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../servers/process.js';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const LIMIT_MS = 5 * 60_000;

/** The `schemathesis` program, from the pinned packages: installed once into the cache folder, in one step at its end. */
export async function schemathesis(cacheDir: string): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const target = join(cacheDir, `schemathesis-${digest}`);
  const program = join(target, 'bin', 'python');
  if (existsSync(program)) return program;
  await mkdir(cacheDir, { recursive: true });
  const folder = await mkdtemp(join(cacheDir, 'incoming-'));
  try {
    await demand('python3', ['-m', 'venv', folder]);
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--only-binary=:all:'];
    await demand(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', ...quiet, '-r', REQUIREMENTS]);
    await rename(folder, target).catch((error) => {
      // Another process has created it meanwhile.
      if (!existsSync(program)) throw error;
    });
    return program;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function demand(command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await run(command, args, LIMIT_MS);
  if (code !== 0) throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed:\n${output.slice(-2_000)}`);
}
