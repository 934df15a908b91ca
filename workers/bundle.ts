import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

/** Built beside the compiled program, so that the product starts without bundling. */
const PREBUILT = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** The entry of the sandboxed code: sources in development, compiled files in the product. */
export function workflowsPath(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url));
}

/** The workflows as one sandboxed bundle: prebuilt where there is one, made now otherwise (about a second). */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  if (existsSync(PREBUILT)) return { codePath: PREBUILT };
  return bundleWorkflowCode({ workflowsPath: workflowsPath(), logger: QUIET });
}

const nothing = () => undefined;
const QUIET = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
