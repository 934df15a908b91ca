import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { packageRoot } from '../../../config.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the programs that flow tests start and kill. */
    flowPrograms: string;
  }
}

let folder: string | undefined;

/** Compiles the programs once for the run, as a build does: a process of theirs starts in half the time that its sources would take. */
export async function setup(project: TestProject): Promise<void> {
  const root = packageRoot();
  await mkdir(join(root, 'dist'), { recursive: true });
  folder = await mkdtemp(join(root, 'dist', 'flow-'));
  await promisify(execFile)(
    join(root, 'node_modules', '.bin', 'tsc'),
    ['-p', 'tsconfig.flow.json', '--outDir', folder],
    {
      cwd: root,
    },
  );
  project.provide('flowPrograms', join(folder, 'test', 'support', 'flow'));
}

export async function teardown(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
