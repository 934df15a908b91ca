import { setTimeout as pause } from 'node:timers/promises';
import { withHeartbeat } from '../heartbeat.js';

export interface SweepPassDeps {
  readonly heartbeat: () => void;
  readonly log: { warn(details: object, message: string): void };
}

/** Steps of a pass by their names. Each may be repeated, and may run beside any other. */
export type SweepPart = readonly [name: string, work: () => Promise<void>];

/** Milliseconds a part may hold up those behind it. */
const BUDGET = 20_000;
const HEARTBEAT_MS = 5_000;

/**
 * One part after the other. A part that fails is logged and keeps nothing from those behind it; one that is not through in
 * its time goes on beside them, and is not begun again before it has ended.
 */
export function sweepPass(deps: SweepPassDeps, parts: readonly SweepPart[], budget = BUDGET) {
  const running = new Set<string>();

  const begin = async ([name, work]: SweepPart): Promise<void> => {
    running.add(name);
    try {
      await work();
    } catch (error) {
      deps.log.warn({ part: name, error: String(error) }, 'sweep left a part undone');
    } finally {
      running.delete(name);
    }
  };

  const within = async (part: SweepPart): Promise<void> => {
    const over = new AbortController();
    const late = pause(budget, 'late', { signal: over.signal }).catch(() => 'ended');
    const end = await Promise.race([begin(part), late]);
    over.abort();
    if (end === 'late') deps.log.warn({ part: part[0] }, 'a part of the sweep takes long; the others go on');
  };

  return async (): Promise<void> => {
    await withHeartbeat(deps, HEARTBEAT_MS, async () => {
      for (const part of parts) if (!running.has(part[0])) await within(part);
    });
  };
}
