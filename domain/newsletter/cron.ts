/** A calendar names seconds: a second matches if every field contains its value. */
export interface CalendarFields {
  readonly second: readonly number[];
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  /** Of the month, from 1. */
  readonly day: readonly number[];
  /** From 1. */
  readonly month: readonly number[];
  /** 0 is Sunday. */
  readonly weekday: readonly number[];
}

const MONTH_NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_NAMES = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly names?: readonly string[];
}

/** In the order of a cron expression. */
const FIELDS: readonly Field[] = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of the month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, names: MONTH_NAMES },
  // 7 is Sunday too.
  { name: 'day of the week', from: 0, to: 7, names: DAY_NAMES },
];

/**
 * Parses a cron expression of five fields; returns a string with the fault if it is invalid. Days of the month and days of
 * the week exclude each other: cron programs do not agree whether a day must match one of the two or both.
 */
export function readCron(line: string): CalendarFields | string {
  const words = line.trim().toLowerCase().split(/\s+/);
  if (words.length !== FIELDS.length) return 'has five fields: minute, hour, day of the month, month, day of the week';
  const read = FIELDS.map((field, i) => valuesOf(words[i] ?? '', field));
  const fault = read.find((values) => typeof values === 'string');
  if (typeof fault === 'string') return fault;
  const [minute = [], hour = [], day = [], month = [], days = []] = read as number[][];
  const weekday = sorted(days.map((one) => one % 7));
  if (day.length < 31 && weekday.length < 7) return 'names days of the month or days of the week, not both';
  return { second: [0], minute, hour, day, month, weekday };
}

function valuesOf(word: string, field: Field): readonly number[] | string {
  const values: number[] = [];
  for (const part of word.split(',')) {
    const found = partOf(part, field);
    if (found === undefined) return `has no ${field.name} "${part}"`;
    values.push(...found);
  }
  return sorted(values);
}

/** `*`, `5`, `mon`, `1-5`, any of them with `/n`; undefined: none of these. */
function partOf(part: string, field: Field): number[] | undefined {
  const [range = '', step = '1', ...more] = part.split('/');
  if (more.length > 0 || !/^[1-9]\d?$/.test(step)) return undefined;
  const [first = '', last, ...rest] = range === '*' ? [String(field.from), String(field.to)] : range.split('-');
  if (rest.length > 0) return undefined;
  const from = numberOf(first, field);
  const to = last === undefined ? (part.includes('/') ? field.to : from) : numberOf(last, field);
  if (from === undefined || to === undefined || to < from) return undefined;
  return Array.from({ length: Math.floor((to - from) / Number(step)) + 1 }, (_, i) => from + i * Number(step));
}

function numberOf(word: string, { from, to, names }: Field): number | undefined {
  const named = names?.indexOf(word) ?? -1;
  if (named >= 0) return named + from;
  const value = /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

const all = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Defaults of a calendar: midnight, every day, every month. */
export const EVERY_DAY: CalendarFields = {
  second: [0],
  minute: [0],
  hour: [0],
  day: all(1, 31),
  month: all(1, 12),
  weekday: all(0, 6),
};

/** The given fields as a calendar, sorted and without repeated values. */
export function calendarOf(named: { readonly [Name in keyof CalendarFields]?: readonly number[] | undefined }) {
  const given = Object.entries(named).flatMap(([name, values]) =>
    values === undefined ? [] : [[name, sorted(values)] as const],
  );
  return { ...EVERY_DAY, ...Object.fromEntries(given) } as CalendarFields;
}
