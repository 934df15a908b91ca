import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { KIND, queuesOf, sweepScheduleId } from '../workflows/names.js';

/** In milliseconds: the interval between comparisons of rows with workflows, and the time limit of one run of the sweep. */
export interface SweepTiming {
  readonly every: number;
  readonly runFor: number;
}

export const SWEEP_TIMING: SweepTiming = { every: 10_000, runFor: 300_000 };

/** Ensures that the sweep is scheduled and runs now; every worker may call it at every start. */
export async function ensureSweep(client: Client, prefix: string, timing: SweepTiming): Promise<void> {
  const schedule = client.schedule.getHandle(sweepScheduleId(prefix));
  const wanted = sweepSchedule(prefix, timing);
  try {
    await client.schedule.create({ ...wanted, scheduleId: schedule.scheduleId });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await schedule.update(({ state }) => ({ ...wanted, state }));
  }
  await schedule.trigger(ScheduleOverlapPolicy.SKIP);
}

export interface SweepContext {
  readonly client: Client;
  readonly prefix: string;
  readonly timing: SweepTiming;
  /** Prepares the namespace again. */
  readonly prepare: () => Promise<unknown>;
  readonly log: { warn(details: object, message: string): void };
}

/**
 * A Temporal server that lost its data has lost the sweep too, and nothing would restart workflows: each worker ensures its
 * Schedule at intervals. Returns a function that ends this.
 */
export function watchSweepSchedule({ client, prefix, timing, prepare, log }: SweepContext): () => void {
  const check = async (): Promise<void> => {
    if (await isScheduled(client, prefix)) return;
    await prepare();
    await ensureSweep(client, prefix, timing);
  };
  let checking = false;
  const timer = setInterval(() => {
    if (checking) return;
    checking = true;
    check()
      .catch((error) =>
        log.warn(
          { error: String(error) },
          'the Schedule of the sweep could not be checked in Temporal; the next check is due in three passes',
        ),
      )
      .finally(() => {
        checking = false;
      });
  }, timing.every * 3);
  return () => clearInterval(timer);
}

async function isScheduled(client: Client, prefix: string): Promise<boolean> {
  try {
    await client.schedule.getHandle(sweepScheduleId(prefix)).describe();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError || error instanceof NamespaceNotFoundError) return false;
    throw error;
  }
}

function sweepSchedule(prefix: string, { every, runFor }: SweepTiming) {
  return {
    spec: { intervals: [{ every: runFor }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'housekeeping',
      workflowId: sweepScheduleId(prefix),
      taskQueue: queuesOf(prefix).workflows,
      args: [{ every, passes: Math.max(1, Math.floor(runFor / every)) }],
      workflowExecutionTimeout: runFor * 2,
      staticSummary: 'Sweep: compares rows with workflows and starts what is missing',
      typedSearchAttributes: [{ key: KIND, value: 'sweep' }],
    },
    // Buffers one late run: skipping it would leave a gap as long as a run.
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: '1 minute' as const },
  };
}
