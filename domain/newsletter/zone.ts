const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether this name is a time zone known to the runtime. */
export function isZone(zone: string): boolean {
  try {
    // Offsets such as `+02:00` are refused, because they ignore daylight saving time.
    return /^[A-Za-z]/.test(zone) && formatOf(zone) !== undefined;
  } catch {
    return false;
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const part = 'numeric' as const;
  const parts = { year: part, month: part, day: part, hour: part, minute: part, second: part };
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...parts });
  formats.set(timeZone, format);
  return format;
}

/** The local time of the zone, as if it were UTC; milliseconds. */
export function wallOf(zone: string, instant: number): number {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
}

function offsetAt(zone: string, instant: number): number {
  return wallOf(zone, instant) - Math.floor(instant / 1_000) * 1_000;
}

/**
 * Converts local times of one day to instants: none for an hour that is skipped in spring, the second one for an hour that
 * is repeated in autumn. `midnight`, the argument and the result of `at` are in milliseconds.
 */
export function clockOf(zone: string, midnight: number): { readonly at: (wall: number) => number | undefined } {
  const offsets = [...new Set([offsetAt(zone, midnight - DAY), offsetAt(zone, midnight + 2 * DAY)])];
  const [only] = offsets;
  if (offsets.length === 1 && only !== undefined) return { at: (wall) => wall - only };
  return {
    at: (wall) => {
      const instants = offsets.map((offset) => wall - offset).filter((instant) => wallOf(zone, instant) === wall);
      return instants.length === 0 ? undefined : Math.max(...instants);
    },
  };
}

/** `Fri 15 May 2026 09:00`, in local time of the zone. */
export function formatInZone(zone: string, date: Date): string {
  const wall = new Date(wallOf(zone, date.getTime()));
  const [day = '', on = '', month = '', year = ''] = wall.toUTCString().replace(',', '').split(' ');
  return `${day} ${on} ${month} ${year} ${wall.toISOString().slice(11, 16)}`;
}
