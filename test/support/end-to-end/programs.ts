import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { packageRoot } from '../../../config.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the programs that flow tests start and kill. */
    endToEndPrograms: string;
  }
}

/** Found by path at run time, or one with what the engine's native part hands out. */
const APART = ['@temporalio/*', '@fastify/swagger-ui', 'mjml', 'juice'];
/** What packages of the older module system ask for, in a file of the newer one. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

let folder: string | undefined;

/** Makes each program one file, once for the run: a process reads that in half the time that two thousand files take. */
export async function setup(project: TestProject): Promise<void> {
  const root = packageRoot();
  await mkdir(join(root, 'dist'), { recursive: true });
  folder = await mkdtemp(join(root, 'dist', 'end-to-end-'));
  await build({
    entryPoints: [
      join(root, 'test/support/end-to-end/worker-main.ts'),
      join(root, 'test/support/end-to-end/api-main.ts'),
      join(root, 'cli.ts'),
      join(root, 'mail/render/thread.ts'),
    ],
    outdir: join(folder, 'programs'),
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: APART,
    banner: { js: REQUIRE },
    logLevel: 'error',
  });
  project.provide('endToEndPrograms', join(folder, 'programs'));
}

export async function teardown(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
