import { performance } from 'node:perf_hooks';
import { monotonic } from '../../clock.js';

/** Part of the time in which the event loop of a busy process runs code. */
const BUSY = 0.8;
/** Milliseconds of one measurement. */
const MEASURED = 100;

/** Whether the event loop of this process was busy in the last moment, from when it was last asked. */
export function loopLoad(): () => boolean {
  let before = performance.eventLoopUtilization();
  let measuredAt = monotonic();
  let busy = false;
  return () => {
    if (monotonic() - measuredAt < MEASURED) return busy;
    const at = performance.eventLoopUtilization();
    busy = performance.eventLoopUtilization(at, before).utilization > BUSY;
    [before, measuredAt] = [at, monotonic()];
    return busy;
  };
}
