import { pino } from 'pino';
import { inject } from 'vitest';
import { shrunkTimes } from '../../../domain/delivery/protocol.js';
import { type RunningWorker, startWorker, type WorkerSettings } from '../../../workers/main.js';
import { LONG_LEASE_TIMES } from '../end-to-end/plan.js';

/** Settings that differ between these workers. */
type OwnWorker = Pick<WorkerSettings, 'config' | 'store' | 'smtpUrl' | 'temporalAddress' | 'prefix'> &
  Partial<Pick<WorkerSettings, 'times'>>;

/** Heartbeats stay longer for a busy machine. */
const SHORT = { ...shrunkTimes(0.05), heartbeat: 4_000 };

/** No test kills these workers, so their leases may outlast the pauses of a busy machine. */
const LASTING = { ...SHORT, ...LONG_LEASE_TIMES, storeTimeout: 1_500, controlEvery: 200 };

/** Protocol times for tests that wait for retries. */
export const QUICK_RETRIES = { ...SHORT, firstRetry: 300, resendAfter: 600 };

/** A worker in this process: one lane, short waits, a frequent sweep, nothing logged. */
export function ownWorker(own: OwnWorker): Promise<RunningWorker> {
  return startWorker({
    times: LASTING,
    ...own,
    lanes: 1,
    log: pino({ level: 'silent' }),
    sweepTiming: { every: 2_000, runFor: 60_000 },
    bundle: { codePath: inject('workflowBundle') },
  });
}
