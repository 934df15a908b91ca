import { expect, test } from 'vitest';
import { type DownCause, delayBeforeStart } from '../../../domain/servers/restarts.js';

/** The delays before all starts of a server that never comes back, or the first twelve. */
function delaysOf(cause: DownCause): number[] {
  const delays = Array.from({ length: 12 }, (_, starts) => delayBeforeStart(cause, starts));
  return delays.filter((delay) => delay !== undefined);
}

test.each<[DownCause, number[]]>([
  ['ended', [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]],
  ['not_started', [500, 1_000, 2_000, 4_000, 8_000]],
  ['port_taken', [500, 1_000, 2_000]],
  ['data_missing', [500]],
  ['disk_full', Array.from({ length: 12 }, () => 10_000)],
])('%s: starts after %j ms, then none', (cause, delays) => {
  expect(delaysOf(cause)).toEqual(delays);
});
