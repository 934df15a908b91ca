import type { Connection } from '@temporalio/client';
import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { processes } from '../../store/processes/processes.js';
import { DEFAULT_PREFIX, queuesOf, sweepScheduleId } from '../../workflows/names.js';
import { readDatabase } from './database.js';
import { type Finding, fault, note, ok, warning } from './finding.js';
import { connectedTemporal } from './servers.js';

/** A worker polls at least once a minute. */
const MAX_POLL_AGE = 150_000;
/** TaskQueueType of Temporal's API. */
const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;

type Known = Pick<
  Config,
  'temporalAddress' | 'temporalNamespace' | 'temporalAccess' | 'mongodbUrl' | 'mongodbDatabase'
>;

/** Whether workers poll each task queue, and whether the Schedule of the sweep is on. Nothing where Temporal is away. */
export async function checkTasks(config: Known, prefix = DEFAULT_PREFIX): Promise<Finding[]> {
  const { temporalAddress: address, temporalNamespace: namespace } = config;
  if (address === undefined) return [];
  const connection = await connectedTemporal(address, config).catch(() => undefined);
  if (connection === undefined) return [];
  try {
    const isExpected = readDatabase(config, (db) => processes({ db }).areExpected());
    const { workflows, messages, ...others } = queuesOf(prefix);
    const queues = [
      { name: workflows, types: [WORKFLOW_TASKS] },
      { name: messages, types: [WORKFLOW_TASKS, ACTIVITY_TASKS] },
      ...Object.values(others).map((name) => ({ name, types: [ACTIVITY_TASKS] })),
    ];
    const polls = await Promise.all(queues.map((queue) => pollsOf(connection, namespace, queue)));
    return [
      ...queueFindings(polls, (await isExpected) ?? true),
      ...(await checkSchedule(connection, namespace, prefix)),
    ];
  } finally {
    await connection.close();
  }
}

interface QueuePolls {
  readonly name: string;
  /** Workers that poll for each of its kinds of tasks, at the least. */
  readonly workers: number;
  /** Null: Temporal has heard of none for minutes. */
  readonly last: Date | null;
}

async function pollsOf(
  { workflowService }: Connection,
  namespace: string,
  { name, types }: { readonly name: string; readonly types: readonly number[] },
): Promise<QueuePolls> {
  const described = await Promise.all(
    types.map((taskQueueType) => workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType })),
  );
  const times = described.map(({ pollers }) =>
    (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000),
  );
  const since = now().getTime() - MAX_POLL_AGE;
  const latest = Math.max(...times.flat());
  return {
    name,
    workers: Math.min(...times.map((each) => each.filter((time) => time > since).length)),
    last: Number.isFinite(latest) ? new Date(latest) : null,
  };
}

function queueFindings(polls: readonly QueuePolls[], isExpected: boolean): Finding[] {
  const advice = 'start a worker (everpost worker), or see its log and "everpost health worker"';
  const alone = polls.filter(({ workers }) => workers === 0);
  if (alone.length === 0) {
    return [ok('Task queues', polls.map(({ name, workers }) => `${name}: ${workers}`).join(', '))];
  }
  if (!isExpected) return [note('Task queues', 'no worker runs: Everpost is not started, or was stopped', advice)];
  return alone.map(({ name, last }) => fault(`Task queue ${name}`, 'no worker asks for its tasks', advice, last));
}

async function checkSchedule({ workflowService }: Connection, namespace: string, prefix: string): Promise<Finding[]> {
  const scheduleId = sweepScheduleId(prefix);
  const found = await workflowService.describeSchedule({ namespace, scheduleId }).catch(() => undefined);
  if (found?.schedule?.state?.paused !== true) return [];
  const says = `paused in Temporal: ${found.schedule.state.notes || 'no reason given'}`;
  const advice = `what a crash leaves undone stays undone: temporal schedule toggle --unpause --schedule-id ${scheduleId}`;
  return [warning('Sweep', says, advice)];
}
