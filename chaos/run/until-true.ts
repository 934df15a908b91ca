import { setTimeout as pause } from 'node:timers/promises';

export const LOOK_EVERY_MS = 1_000;

/** Looks once a second; false: `limitMs` is over. */
export async function untilTrue(limitMs: number, holds: () => Promise<boolean>): Promise<boolean> {
  for (const since = performance.now(); performance.now() - since < limitMs; await pause(LOOK_EVERY_MS)) {
    if (await holds()) return true;
  }
  return false;
}
