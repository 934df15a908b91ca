import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';
import { activeTracing } from '../tracing/active.js';

/** Where the build writes the bundle, next to the compiled program. */
export const PREBUILT = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/**
 * The workflows as one sandboxed bundle: prebuilt in the product, otherwise bundled now (some seconds), as where traces are on,
 * which need code of their own in each workflow.
 */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const traced = activeTracing() !== undefined;
  return existsSync(PREBUILT) && !traced ? { codePath: PREBUILT } : bundleWorkflows(traced);
}

const TRACING = '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors.js';

/** Bundles the workflow code: sources in development, compiled files in the product. */
export function bundleWorkflows(traced = false): Promise<{ code: string }> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const pathOf = (name: string) => fileURLToPath(new URL(`../workflows/${name}.${extension}`, import.meta.url));
  return bundleWorkflowCode({
    workflowsPath: pathOf('index'),
    workflowInterceptorModules: [
      pathOf('interceptors'),
      ...(traced ? [fileURLToPath(import.meta.resolve(TRACING))] : []),
    ],
    logger: QUIET,
  });
}

const ignore = () => undefined;
const QUIET = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
