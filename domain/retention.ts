const NIGHTLY_HOUR = 3;

/** When the next nightly run is due: 03:00 UTC. */
export function nextNightlyRun(after: Date): Date {
  const run = new Date(after);
  run.setUTCHours(NIGHTLY_HOUR, 0, 0, 0);
  if (run <= after) run.setUTCDate(run.getUTCDate() + 1);
  return run;
}

/** The lowest possible id (UUID v7) of a row created at this time: ids are ordered by time. */
export function leastIdAt(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
