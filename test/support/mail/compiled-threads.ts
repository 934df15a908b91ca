import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { packageRoot } from '../../../config.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the compiled programs of threads; each has the path of its source. */
    compiledThreads: string;
  }
}

const THREADS = ['mail/render/thread.ts', 'mail/tasks/thread.ts', 'mail/dkim/threads/signing-thread.ts'];
/** Packages that load files by path. */
const APART = ['mjml', 'juice'];
/** CommonJS packages call `require` inside an ES module bundle. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/** Each project loads this file separately; the programs of the run are kept on `globalThis`. */
const shared = globalThis as typeof globalThis & { compiledThreads?: { users: number; folder: Promise<string> } };

/** Compiles the programs of threads once for the run: from its sources, a thread costs a CPU second more at its start. */
export async function setup(project: TestProject): Promise<void> {
  shared.compiledThreads ??= { users: 0, folder: compiled() };
  shared.compiledThreads.users += 1;
  project.provide('compiledThreads', await shared.compiledThreads.folder);
}

export async function teardown(): Promise<void> {
  const { compiledThreads } = shared;
  if (compiledThreads === undefined) return;
  compiledThreads.users -= 1;
  if (compiledThreads.users > 0) return;
  delete shared.compiledThreads;
  await rm(await compiledThreads.folder, { recursive: true, force: true });
}

/** Inside the package, so that the programs find its dependencies. */
async function compiled(): Promise<string> {
  const root = packageRoot();
  await mkdir(join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(join(root, 'dist', 'threads-'));
  await build({
    entryPoints: THREADS.map((path) => join(root, path)),
    outbase: root,
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: APART,
    banner: { js: REQUIRE },
    logLevel: 'error',
  });
  return folder;
}
