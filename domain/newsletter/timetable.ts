import type { CalendarFields } from './cron.js';
import { clockOf, wallOf } from './zone.js';

/** The times at which a newsletter's issues begin. */
export interface Timetable {
  /** A time counts if it matches one of them. */
  readonly calendars: readonly CalendarFields[];
  /** IANA name; calendars are in its local time. */
  readonly zone: string;
  /** Both ends are included. */
  readonly start_at: Date | null;
  readonly end_at: Date | null;
  /** Days in the zone, such as `2026-12-25`, without an issue. */
  readonly skip: readonly string[];
}

const DAY = 86_400_000;
/** 29 February may be eight years in the future. */
const HORIZON = 8 * 366 + 2;

/** The first `count` times after `after`, in order; fewer where there are no more. */
export function timesAfter(timetable: Timetable, after: Date, count: number): Date[] {
  const found: Date[] = [];
  for (const time of everyTime(timetable, after)) {
    if (found.length === count) break;
    found.push(time);
  }
  return found;
}

/** The times after `after` up to and including `until`; at most `most` of them. */
export function timesBetween(timetable: Timetable, after: Date, until: Date, most = 1_000): Date[] {
  const found: Date[] = [];
  for (const time of everyTime(timetable, after, until)) {
    if (time > until || found.length === most) break;
    found.push(time);
  }
  return found;
}

/** Whether the calendars have any time at all, whatever their period and the skipped days: 30 February is none. */
export function everFires(timetable: Timetable, after: Date): boolean {
  return timesAfter({ ...timetable, start_at: null, end_at: null, skip: [] }, after, 1).length > 0;
}

/** Whether the calendar contains this exact time. */
export function isTimeOf(timetable: Timetable, time: Date): boolean {
  return timesBetween(timetable, new Date(time.getTime() - 1), time, 1).length === 1;
}

function* everyTime(timetable: Timetable, after: Date, until?: Date): Generator<Date> {
  const { zone, start_at, end_at } = timetable;
  // The start is included.
  const from = Math.max(after.getTime(), start_at === null ? Number.NEGATIVE_INFINITY : start_at.getTime() - 1);
  const to = Math.min(end_at?.getTime() ?? Number.POSITIVE_INFINITY, until?.getTime() ?? Number.POSITIVE_INFINITY);
  const today = Math.floor(wallOf(zone, from) / DAY) * DAY;
  for (let i = 0; i < HORIZON; i += 1) {
    const midnight = today + i * DAY;
    // Local times of two zones differ by a day at most.
    if (midnight - DAY > to) return;
    for (const instant of instantsOf(timetable, midnight)) {
      if (instant > to) return;
      if (instant > from) yield new Date(instant);
    }
  }
}

/** All times of one day, in order. */
function instantsOf({ calendars, zone, skip }: Timetable, midnight: number): number[] {
  const day = new Date(midnight);
  if (skip.includes(day.toISOString().slice(0, 10))) return [];
  const fitting = calendars.filter((fields) => fitsDay(fields, day));
  if (fitting.length === 0) return [];
  const clock = clockOf(zone, midnight);
  const walls = fitting.flatMap(({ hour, minute, second }) =>
    hour.flatMap((h) => minute.flatMap((m) => second.map((s) => midnight + (h * 3_600 + m * 60 + s) * 1_000))),
  );
  const instants = walls.map(clock.at).filter((instant) => instant !== undefined);
  return [...new Set(instants)].sort((a, b) => a - b);
}

function fitsDay({ day, month, weekday }: CalendarFields, date: Date): boolean {
  return (
    day.includes(date.getUTCDate()) && month.includes(date.getUTCMonth() + 1) && weekday.includes(date.getUTCDay())
  );
}
