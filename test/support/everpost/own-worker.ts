import { pino } from 'pino';
import { inject } from 'vitest';
import { shrunkTimes } from '../../../domain/delivery/protocol.js';
import { type RunningWorker, startWorker, type WorkerSettings } from '../../../workers/main.js';

/** Settings that differ between these workers. */
type OwnWorker = Pick<WorkerSettings, 'config' | 'store' | 'smtpUrl' | 'temporalAddress' | 'prefix'> &
  Partial<Pick<WorkerSettings, 'times'>>;

/** Heartbeats stay longer for a busy machine. */
const SHORT = { ...shrunkTimes(0.05), heartbeat: 4_000 };

/** Protocol times for tests that wait for retries. */
export const QUICK_RETRIES = { ...SHORT, firstRetry: 300, resendAfter: 600 };

/** A worker in this process: one lane, short times, a busy sweep, nothing logged. */
export function ownWorker(own: OwnWorker): Promise<RunningWorker> {
  return startWorker({
    times: SHORT,
    ...own,
    lanes: 1,
    log: pino({ level: 'silent' }),
    sweepTiming: { every: 500, runFor: 60_000 },
    bundle: { codePath: inject('workflowBundle') },
  });
}
