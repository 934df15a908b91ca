const HOUR_OF_NIGHT = 3;

/** When the next night's work is due: 03:00 UTC. */
export function nextNight(after: Date): Date {
  const night = new Date(after);
  night.setUTCHours(HOUR_OF_NIGHT, 0, 0, 0);
  if (night <= after) night.setUTCDate(night.getUTCDate() + 1);
  return night;
}

/** The least id (UUID v7) that a row of this moment can have: ids are in the order of time. */
export function leastIdAt(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
