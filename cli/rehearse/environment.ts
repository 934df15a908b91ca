import { Context } from '@temporalio/activity';
import { Client, type WorkflowStartOptions } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { pino } from 'pino';
import type { Config } from '../../config.js';
import { formatInZone } from '../../domain/newsletter/zone.js';
import { temporalTestServerPath } from '../../servers/temporal.js';
import { workflowBundle } from '../../workers/bundle.js';
import { installRuntime } from '../../workers/main.js';
import { SEARCH_ATTRIBUTES } from '../../workers/namespace.js';
import { queuesOf } from '../../workflows/names.js';

export const PREFIX = 'rehearsal';
/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;

export type Steps = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

export type RehearsalEnvironment = Awaited<ReturnType<typeof rehearsalEnvironment>>;

/**
 * Temporal's time-skipping test server with the real workflows. `steps` replace their activities. Runs one workflow at
 * a time.
 */
export async function rehearsalEnvironment(
  config: Pick<Config, 'cacheDir' | 'path'>,
  say: (line: string) => void,
  bundle: () => Promise<WorkflowBundleOption> = workflowBundle,
) {
  installRuntime(pino({ level: 'silent' }));
  const path = await temporalTestServerPath(config, say);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));
  await env.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes });
  const client = new Client({ connection: env.connection, namespace: 'default' });
  const testService = env.connection.testService;
  if (testService === undefined) throw new Error('this server cannot skip time');
  let skipping = false;
  const stopTime = async (): Promise<void> => {
    if (!skipping) return;
    skipping = false;
    await testService.lockTimeSkipping({});
  };
  const queues = queuesOf(PREFIX);
  const workflows = {
    taskQueue: queues.workflows,
    workflowBundle: await bundle(),
    enableNonLocalActivities: false,
  };
  return {
    client,
    /** Stops the skipping of time. The last step of a workflow calls it. */
    hold: stopTime,
    /**
     * Runs a workflow to its end in skipped time. Without a waiting workflow the server would skip far ahead, so the
     * workflow's last step stops the skipping, and this function does so at the latest.
     */
    run: async (type: string, start: WorkflowStartOptions): Promise<void> => {
      const handle = await client.workflow.start(type, start);
      skipping = true;
      await testService.unlockTimeSkipping({});
      await handle.result().finally(stopTime);
    },
    /** Milliseconds of the skipped time. */
    now: () => env.currentTimeMs(),
    /** Runs `work` with these steps as the activities of the workflows. */
    withSteps: async <T>(steps: Steps, work: () => Promise<T>): Promise<T> => {
      const connection = env.nativeConnection;
      const workers = await Promise.all([
        Worker.create({ ...workflows, connection, activities: steps }),
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

/** The time at which the current step was scheduled, in skipped time; milliseconds. */
export function stepTime(): number {
  return Context.current().info.currentAttemptScheduledTimestampMs;
}

/** The events of a rehearsal, in order. */
export interface Timeline {
  /** `at`: milliseconds of the skipped time. */
  add(at: number, what: string): void;
  readonly count: () => number;
}

/** Prints each line with its local time in the zone. */
export function timeline(zone: string, print: (line: string) => void): Timeline {
  let lines = 0;
  return {
    add: (at, what) => {
      lines += 1;
      print(`${formatInZone(zone, new Date(at))}  ${what}`);
    },
    count: () => lines,
  };
}

/** `2 h 5 min`, `40 s` */
function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return [`${Math.floor(minutes / 60)} h`, minutes % 60 === 0 ? '' : `${minutes % 60} min`].filter(Boolean).join(' ');
}

/** The number of mails and the sending time. */
export function sending(people: number, perSecond: number | null): string {
  if (perSecond === null) return `${people} mails, as fast as the mail server takes them`;
  return `${people} mails at ${perSecond} a second: done ${duration(people / perSecond)} later`;
}
