import { setTimeout as pause } from 'node:timers/promises';
import type { SweepRecords } from '../../store/monitoring/sweep-record.js';
import { withHeartbeat } from '../heartbeat.js';

export interface SweepPassDeps {
  readonly heartbeat: () => void;
  readonly sweepRecords: Pick<SweepRecords, 'recordPass'>;
  readonly log: { warn(details: object, message: string): void };
}

/** A named part of a pass. Each may be repeated, and may run beside any other. */
export type SweepPart = readonly [name: string, work: () => Promise<void>];

/** Milliseconds for which a part may delay the next ones. */
const BUDGET = 20_000;
const HEARTBEAT_MS = 5_000;
/** Characters of an error that the record of the sweep keeps. */
const ERROR_LENGTH = 300;

/**
 * Runs the parts in order and records the end of the pass. A part that fails is logged, and the next one runs. A part that
 * exceeds the budget continues beside the next ones and is not started again before it has ended.
 */
export function sweepPass(deps: SweepPassDeps, parts: readonly SweepPart[], budget = BUDGET) {
  const running = new Set<string>();
  /** The error of the last run of a part that failed. */
  const failing = new Map<string, string>();

  const begin = async ([name, work]: SweepPart): Promise<void> => {
    running.add(name);
    try {
      await work();
      failing.delete(name);
    } catch (error) {
      failing.set(name, String(error).slice(0, ERROR_LENGTH));
      deps.log.warn({ part: name, err: error }, 'a part of the sweep failed; the next pass tries it again');
    } finally {
      running.delete(name);
    }
  };

  const within = async (part: SweepPart): Promise<void> => {
    const over = new AbortController();
    const late = pause(budget, 'late', { signal: over.signal }).catch(() => 'ended');
    const end = await Promise.race([begin(part), late]);
    over.abort();
    if (end === 'late') deps.log.warn({ part: part[0] }, 'a part of the sweep is slow; the others continue');
  };
  const record = async (): Promise<void> => {
    const failed = [...failing].map(([part, error]) => ({ part, error }));
    const slow = [...running].map((part) => ({ part, error: null }));
    await deps.sweepRecords.recordPass([...failed.filter(({ part }) => !running.has(part)), ...slow]);
  };

  return async (): Promise<void> => {
    await withHeartbeat(deps, HEARTBEAT_MS, async () => {
      for (const part of parts) if (!running.has(part[0])) await within(part);
      await record().catch((error) =>
        deps.log.warn({ err: error }, 'the end of a pass of the sweep was not recorded; the next pass records its own'),
      );
    });
  };
}
