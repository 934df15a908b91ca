import type { CalendarFields } from './cron.js';
import type { Timetable } from './timetable.js';

const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

/** What happens where the issue before is still under way. */
export const OVERLAPS = ['skip', 'buffer_one', 'buffer_all', 'allow_all'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** The same times in the words of a Temporal Schedule; `test/workers/newsletter-times.test.ts` compares the two. */
export function scheduleSpec(timetable: Timetable, jitterSeconds = 0) {
  const { calendars, zone, start_at, end_at, skip } = timetable;
  return {
    calendars: calendars.map(calendarSpec),
    skip: skip.map(daySpec),
    timezone: zone,
    jitter: jitterSeconds * 1_000,
    ...(start_at !== null && { startAt: start_at }),
    ...(end_at !== null && { endAt: end_at }),
  };
}

function calendarSpec({ second, minute, hour, day, month, weekday }: CalendarFields) {
  return {
    second: [...second],
    minute: [...minute],
    hour: [...hour],
    dayOfMonth: [...day],
    month: month.flatMap((one) => MONTHS[one - 1] ?? []),
    dayOfWeek: weekday.flatMap((one) => WEEKDAYS[one] ?? []),
  };
}

function daySpec(date: string) {
  const [year = 0, month = 0, dayOfMonth = 0] = date.split('-').map(Number);
  const name = MONTHS[month - 1] ?? 'JANUARY';
  return { year, month: name, dayOfMonth, hour: '*', minute: '*', second: '*' } as const;
}
