/** `2026-05-15T09:00:12+00:00`: UTC, whole seconds, as in the documents. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}+00:00`;
}

/** `2026-05-15 09:00:12 UTC`, for sentences. */
export function readable(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Seconds since 1970, for webhook formats that use them. */
export function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1_000);
}

const ISO_8601 =
  /^(?<date>\d{4}-\d{2}-\d{2})(?:[Tt ](?<clock>\d{2}:\d{2})(?<rest>:\d{2}(?:\.\d{1,9})?)?(?<zone>[Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** A date, or a date and time, in ISO 8601. Without a zone it is UTC, and a date alone begins at midnight. Undefined: no time. */
export function timeIn(text: string): Date | undefined {
  const { date, clock = '00:00', rest = ':00', zone = 'Z' } = ISO_8601.exec(text)?.groups ?? {};
  if (date === undefined || !isDay(date)) return undefined;
  const at = new Date(`${date}T${clock}${rest.slice(0, 7)}${offsetOf(zone)}`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** The same for a text that has been validated. */
export function givenTime(text: string): Date {
  return timeIn(text) ?? new Date(Number.NaN);
}

/** `+02`, `+0200` and `+02:00` are the same. */
function offsetOf(zone: string): string {
  const [, hours, minutes = '00'] = /^([+-]\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  return hours === undefined ? 'Z' : `${hours}:${minutes}`;
}

/** JavaScript takes 30 February for 2 March. */
function isDay(date: string): boolean {
  const midnight = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
}
