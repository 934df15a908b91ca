import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calendarOf, readCron } from '../../../domain/newsletter/cron.js';
import { type Timetable, timesAfter, timesBetween } from '../../../domain/newsletter/timetable.js';
import { formatInZone, isZone } from '../../../domain/newsletter/zone.js';

function timetable(cron: string, zone: string, over: Partial<Timetable> = {}): Timetable {
  const fields = readCron(cron);
  if (typeof fields === 'string') throw new Error(fields);
  return { calendars: [fields], zone, start_at: null, end_at: null, skip: [], ...over };
}

const comingOf = (cron: string, zone: string, from: string, count: number, over: Partial<Timetable> = {}) =>
  timesAfter(timetable(cron, zone, over), new Date(from), count).map((time) => time.toISOString().slice(0, 16));

describe('a cron expression', () => {
  test.each([
    ['0 9 * * 5', { minute: [0], hour: [9], weekday: [5] }],
    ['*/20 8-10 * * mon-wed', { minute: [0, 20, 40], hour: [8, 9, 10], weekday: [1, 2, 3] }],
    ['5/25 0 1,15 JAN,jul *', { minute: [5, 30, 55], day: [1, 15], month: [1, 7] }],
    ['0 0 * * 7', { weekday: [0] }],
    ['0 0 * * 5-7', { weekday: [0, 5, 6] }],
  ])('%s is read', (line, fields) => {
    expect(readCron(line)).toMatchObject(fields);
  });

  test.each([
    '',
    '0 9 * *',
    '0 9 * * * *',
    '60 9 * * *',
    '0 9 0 * *',
    '0 9 * * 8',
    '0 9 * * 5-1',
    '0 9 * * */0',
    '@weekly',
  ])('"%s" is refused with a sentence', (line) => {
    expect(typeof readCron(line)).toBe('string');
  });

  test('with days of the month and of the week is refused, because cron programs disagree on it', () => {
    expect(readCron('0 9 1 * 5')).toContain('not both');
  });
});

describe('daylight saving time', () => {
  test.each([
    ['Europe/Berlin', '2026-03-28T00:00Z', ['2026-03-28T08:00', '2026-03-29T07:00', '2026-03-30T07:00']],
    ['Europe/Berlin', '2026-10-24T00:00Z', ['2026-10-24T07:00', '2026-10-25T08:00', '2026-10-26T08:00']],
    ['America/New_York', '2026-03-07T06:00Z', ['2026-03-07T14:00', '2026-03-08T13:00', '2026-03-09T13:00']],
    ['America/New_York', '2026-10-31T06:00Z', ['2026-10-31T13:00', '2026-11-01T14:00', '2026-11-02T14:00']],
    ['Australia/Lord_Howe', '2026-04-03T22:30Z', ['2026-04-04T22:30', '2026-04-05T22:30', '2026-04-06T22:30']],
    ['Australia/Lord_Howe', '2026-10-02T22:30Z', ['2026-10-03T22:00', '2026-10-04T22:00', '2026-10-05T22:00']],
  ])('in %s after %s, nine o’clock stays nine o’clock', (zone, from, times) => {
    expect(comingOf('0 9 * * *', zone, from, 3)).toEqual(times);
  });

  test.each([
    ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['2026-03-30T00:30']],
    ['30 2 * * *', 'America/New_York', '2026-03-07T12:00Z', ['2026-03-09T06:30']],
    ['15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T18:00Z', ['2026-10-04T15:15']],
  ])('%s in %s does not come on the day that has no such time', (cron, zone, from, times) => {
    expect(comingOf(cron, zone, from, 1)).toEqual(times);
  });

  test.each([
    ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', ['2026-10-25T01:30', '2026-10-26T01:30']],
    ['30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', ['2026-11-01T06:30', '2026-11-02T06:30']],
    ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-03T20:00Z', ['2026-04-04T15:15', '2026-04-05T15:15']],
  ])('%s in %s comes once on the day that has it twice: the second time', (cron, zone, from, times) => {
    expect(comingOf(cron, zone, from, 2)).toEqual(times);
  });
});

test('start and end are included, and skipped days are days of the zone', () => {
  const over = {
    start_at: new Date('2026-12-23T23:00:00Z'),
    end_at: new Date('2026-12-26T23:00:00Z'),
    skip: ['2026-12-25'],
  };
  const times = ['2026-12-23T23:00', '2026-12-25T23:00', '2026-12-26T23:00'];
  expect(comingOf('0 0 * * *', 'Europe/Berlin', '2026-01-01T00:00Z', 9, over)).toEqual(times);
});

test('29 February comes in leap years, 30 February never', () => {
  expect(comingOf('0 12 29 2 *', 'UTC', '2096-03-01T00:00Z', 1)).toEqual(['2104-02-29T12:00']);
  expect(comingOf('0 12 30 2 *', 'UTC', '2026-01-01T00:00Z', 1)).toEqual([]);
});

test('a time in two calendars comes once', () => {
  const calendars = [calendarOf({ hour: [9, 9] }), calendarOf({ hour: [9, 18] })];
  const both = { calendars, zone: 'UTC', start_at: null, end_at: null, skip: [] };
  const day = timesBetween(both, new Date('2026-05-01T00:00:00Z'), new Date('2026-05-02T00:00:00Z'));
  expect(day.map((time) => time.getUTCHours())).toEqual([9, 18]);
});

test('times ascend, match the calendar, and none is lost between two reads', () => {
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Africa/Casablanca',
    'UTC',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      (zone, from, hour, minute) => {
        const table = timetable(`${minute} ${hour} * * *`, zone);
        const times = timesAfter(table, from, 6);
        const clock = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
        expect(times.map((time) => formatInZone(zone, time).slice(-5))).toEqual(times.map(() => clock));
        expect(times).toEqual([...times].sort((a, b) => a.getTime() - b.getTime()));
        const [first, second] = times;
        if (first === undefined || second === undefined) throw new Error('a daily time has a next one');
        expect(first > from).toBe(true);
        expect(timesAfter(table, first, 1)).toEqual([second]);
      },
    ),
    { numRuns: 300 },
  );
});

test('zones have names; offsets are refused, because they ignore daylight saving time', () => {
  expect(['Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires'].filter(isZone)).toHaveLength(3);
  expect(['', 'Berlin', '+02:00', 'Mars/Olympus'].filter(isZone)).toEqual([]);
});
