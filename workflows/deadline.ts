/** Temporal's own clock: deterministic in here, and skipped in tests. */
export function millisecondsUntil(time: string | null): number {
  return time === null ? 0 : Math.max(0, Date.parse(time) - Date.now());
}
