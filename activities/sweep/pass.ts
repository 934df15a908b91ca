import { setTimeout as pause } from 'node:timers/promises';
import { withHeartbeat } from '../heartbeat.js';

export interface SweepPassDeps {
  readonly heartbeat: () => void;
  readonly log: { warn(details: object, message: string): void };
}

/** A named part of a pass. Each may be repeated, and may run beside any other. */
export type SweepPart = readonly [name: string, work: () => Promise<void>];

/** Milliseconds for which a part may delay the next ones. */
const BUDGET = 20_000;
const HEARTBEAT_MS = 5_000;

/**
 * Runs the parts in order. A part that fails is logged, and the next one runs. A part that exceeds the budget continues
 * beside the next ones and is not started again before it has ended.
 */
export function sweepPass(deps: SweepPassDeps, parts: readonly SweepPart[], budget = BUDGET) {
  const running = new Set<string>();

  const begin = async ([name, work]: SweepPart): Promise<void> => {
    running.add(name);
    try {
      await work();
    } catch (error) {
      deps.log.warn({ part: name, error: String(error) }, 'a part of the sweep failed');
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

  return async (): Promise<void> => {
    await withHeartbeat(deps, HEARTBEAT_MS, async () => {
      for (const part of parts) if (!running.has(part[0])) await within(part);
    });
  };
}
