import { Context } from '@temporalio/activity';
import { Client, type WorkflowStartOptions } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import type { Config } from '../../config.js';
import { temporalTestServerPath } from '../../servers/temporal.js';
import { workflowBundle } from '../../workers/bundle.js';
import { SEARCH_ATTRIBUTES } from '../../workers/namespace.js';
import { installRuntime } from '../../workers/runtime.js';
import { queuesOf } from '../../workflows/names.js';

export const PREFIX = 'rehearsal';
/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;

export type Steps = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

export type RehearsalEnvironment = Awaited<ReturnType<typeof rehearsalEnvironment>>;

/**
 * Temporal's server whose time can be skipped, with the real workflows on it and nothing else of ours: whatever they do is
 * what `steps` make of it. For one workflow at a time.
 */
export async function rehearsalEnvironment(
  config: Pick<Config, 'binaries' | 'cacheDir' | 'path'>,
  say: (line: string) => void,
) {
  installRuntime(pino({ level: 'silent' }));
  const path = await temporalTestServerPath(config, say);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));
  await env.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
  const bundle = await workflowBundle();
  const client = new Client({ connection: env.connection, namespace: 'default' });
  const { testService } = env.connection;
  if (testService === undefined) throw new Error('this server cannot skip time');
  let skipping = false;
  const stopTime = async (): Promise<void> => {
    if (!skipping) return;
    skipping = false;
    await testService.lockTimeSkipping({});
  };
  const queues = queuesOf(PREFIX);
  return {
    client,
    /** Time stands still from here on: the step is the last one of its workflow that waits for anything. */
    hold: stopTime,
    /**
     * Runs a workflow to its end in skipped time. Once none is left that waits, the server would jump to the far end of
     * everything: so time is held by the workflow's own last step, and here at the latest.
     */
    run: async (type: string, start: WorkflowStartOptions): Promise<void> => {
      const handle = await client.workflow.start(type, start);
      skipping = true;
      await testService.unlockTimeSkipping({});
      await handle.result().finally(stopTime);
    },
    /** Milliseconds of the skipped time. */
    now: () => env.currentTimeMs(),
    /** Runs `play` with these steps behind the workflows. */
    withSteps: async <T>(steps: Steps, work: () => Promise<T>): Promise<T> => {
      const connection = env.nativeConnection;
      const workers = await Promise.all([
        Worker.create({ connection, taskQueue: queues.workflows, workflowBundle: bundle }),
        ...[queues.steps, queues.send].map((taskQueue) => Worker.create({ connection, taskQueue, activities: steps })),
      ]);
      const running = Promise.all(workers.map((worker) => worker.run()));
      try {
        return await Promise.race([work(), running.then(() => Promise.reject(new Error('the workers have stopped')))]);
      } finally {
        for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
        await running;
      }
    },
    close: () => env.teardown(),
  };
}

/** When the step under way was asked for, in the skipped time; milliseconds. */
export function stepTime(): number {
  return Context.current().info.currentAttemptScheduledTimestampMs;
}
