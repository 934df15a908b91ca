import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { packageRoot } from '../../../config.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the programs that end-to-end tests start and kill. */
    endToEndPrograms: string;
  }
}

/** Packages that load files by path, or that share state with Temporal's native module. */
const APART = ['@temporalio/*', '@fastify/swagger-ui', 'mjml', 'juice'];
/** CommonJS packages call `require` inside an ES module bundle. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

let folder: string | undefined;

/** Bundles each program into one file, once for the run: a process starts twice as fast as from two thousand files. */
export async function setup(project: TestProject): Promise<void> {
  const root = packageRoot();
  await mkdir(join(root, 'dist'), { recursive: true });
  folder = await mkdtemp(join(root, 'dist', 'end-to-end-'));
  await build({
    entryPoints: [
      join(root, 'test/support/end-to-end/worker-main.ts'),
      join(root, 'test/support/end-to-end/api-main.ts'),
      join(root, 'cli.ts'),
      join(root, 'mail/dkim/threads/signing-thread.ts'),
      join(root, 'mail/render/thread.ts'),
    ],
    outdir: join(folder, 'programs'),
    entryNames: '[name]',
    bundle: true,
    // A dynamic import loads its code when it runs, as in the product.
    splitting: true,
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
