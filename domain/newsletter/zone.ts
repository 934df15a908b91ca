const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether a time zone goes by this name here. */
export function isZone(zone: string): boolean {
  try {
    // Offsets such as `+02:00` have no seasons: whoever names one has not thought of them.
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

/** What clocks in the zone show, as if it were UTC; milliseconds. */
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
 * When clocks in the zone show times of one day: never where the hour is left out in spring; where it is repeated in autumn,
 * the second time. `midnight`, what `at` is given and what it answers are milliseconds.
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

/** `Fri 15 May 2026 09:00`, as clocks in the zone show it. */
export function formatInZone(zone: string, date: Date): string {
  const wall = new Date(wallOf(zone, date.getTime()));
  const [day = '', on = '', month = '', year = ''] = wall.toUTCString().replace(',', '').split(' ');
  return `${day} ${on} ${month} ${year} ${wall.toISOString().slice(11, 16)}`;
}
