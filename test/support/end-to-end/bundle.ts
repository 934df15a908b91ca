import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { bundleWorkflows } from '../../../workers/bundle.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The workflows, bundled once for all workers of the run. */
    workflowBundle: string;
  }
}

let folder: string | undefined;

export async function setup(project: TestProject): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'everpost-bundle-'));
  const { code } = await bundleWorkflows();
  const path = join(folder, 'workflows.js');
  await writeFile(path, code);
  project.provide('workflowBundle', path);
}

export async function teardown(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
