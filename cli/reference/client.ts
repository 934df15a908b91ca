import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../config.js';
import { openApiDocument } from './api.js';

/**
 * `npm run client` generates client/schema.d.ts from the OpenAPI document; with `--check` it compares and fails if they
 * differ. The generator needs an older TypeScript: it is a package of its own, installed at its first use.
 */
const FOLDER = join(packageRoot(), 'client', 'generator');
const SCHEMA = join(packageRoot(), 'client', 'schema.d.ts');

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed`);
}

/** Errors are thrown and have one shape; examples and servers do not affect types. */
function onlyWhatTypesNeed(name: string, value: unknown): unknown {
  return ['4XX', '5XX', 'examples', 'example', 'servers'].includes(name) ? undefined : value;
}

async function generated(): Promise<string> {
  const installed = existsSync(join(FOLDER, 'node_modules', '.package-lock.json'));
  if (!installed) run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts']);
  const folder = await mkdtemp(join(tmpdir(), 'everpost-client-'));
  try {
    const [input, output] = [join(folder, 'openapi.json'), join(folder, 'schema.d.ts')];
    await writeFile(input, JSON.stringify(await openApiDocument(), onlyWhatTypesNeed));
    run(process.execPath, [
      'node_modules/openapi-typescript/bin/cli.js',
      input,
      '-o',
      output,
      '--default-non-nullable',
      'false',
    ]);
    return await readFile(output, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const fresh = await generated();
if (!process.argv.includes('--check')) await writeFile(SCHEMA, fresh);
else if ((await readFile(SCHEMA, 'utf8').catch(() => '')) !== fresh) {
  console.error('client/schema.d.ts is not what the OpenAPI document says: run npm run client');
  process.exitCode = 1;
}
