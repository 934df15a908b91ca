import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
} from '@temporalio/client';
import type { Engine } from '../activities/engine.js';
import type { CalendarFields } from '../domain/newsletter/cron.js';
import type { Timetable } from '../domain/newsletter/timetable.js';
import type { Newsletter } from '../store/newsletters/newsletters.js';
import { ISSUE_TYPE, type IssueInput, shownIssue } from '../workflows/messages/newsletter.js';
import type { StartSettings } from '../workflows/messages/start.js';
import { issueWorkflowBase, newsletterOfSchedule, newsletterScheduleId, queuesOf } from '../workflows/names.js';

type Wanted = ReturnType<typeof newsletterSchedule>;

/** Creates the Schedules of newsletters and updates them from their rows. */
export function newsletterSchedules(
  { schedule }: Pick<Client, 'schedule'>,
  settings: StartSettings,
): Pick<Engine, 'reconcileSchedule' | 'deleteSchedule' | 'scheduledNewsletters'> {
  const repair = async (wanted: Wanted): Promise<void> => {
    const handle = schedule.getHandle(wanted.scheduleId);
    const existing = await handle.describe();
    if (isAsWanted(existing, wanted)) return;
    const { scheduleId: _id, ...rest } = wanted;
    await handle.update(() => rest);
  };
  return {
    reconcileSchedule: async (row: Newsletter) => {
      const wanted = newsletterSchedule(settings, row);
      try {
        await repair(wanted);
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
        await schedule.create(wanted).catch((reason) => {
          if (!(reason instanceof ScheduleAlreadyRunning)) throw reason;
        });
      }
    },

    deleteSchedule: async (newsletter) => {
      try {
        await schedule.getHandle(newsletterScheduleId(settings.prefix, newsletter)).delete();
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      }
    },

    scheduledNewsletters: async () => {
      const found: number[] = [];
      for await (const { scheduleId } of schedule.list()) {
        const id = newsletterOfSchedule(settings.prefix, scheduleId);
        if (id !== undefined) found.push(id);
      }
      return found;
    },
  };
}

/** An update makes Temporal drop pending catch-up starts, so a Schedule is updated only when it differs. */
function isAsWanted(existing: ScheduleDescription, wanted: Wanted): boolean {
  return JSON.stringify(comparedFields(existing)) === JSON.stringify(comparedFields(wanted));
}

type Compared = Pick<ScheduleDescription, 'state' | 'action'> & {
  readonly policies: { readonly overlap?: unknown; readonly catchupWindow?: unknown };
  readonly spec: Wanted['spec'] | ScheduleDescription['spec'];
};

function comparedFields({ state, policies, action, spec }: Compared | Wanted) {
  return [
    state.paused,
    state.note,
    policies.overlap,
    policies.catchupWindow,
    [action.workflowType, action.workflowId, action.taskQueue, action.args],
    [action.staticSummary, action.staticDetails],
    [spec.timezone, Number(spec.jitter ?? 0), spec.startAt?.getTime(), spec.endAt?.getTime()],
    (spec.calendars ?? []).map((one) => FIELDS.map((field) => valuesOf(one[field]))),
    (spec.skip ?? []).map((one) => [one.year, one.month, one.dayOfMonth].map(valuesOf)),
  ];
}

const FIELDS = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;

/** Everpost writes single values only; a range was written manually. */
function valuesOf(value: unknown): unknown {
  return [value].flat().map((one) => {
    if (typeof one !== 'object' || one === null) return one;
    const { start, end } = one as { readonly start: unknown; readonly end?: unknown };
    return end === undefined || end === start ? start : [start, end];
  });
}

const OVERLAP = { skip: 'SKIP', buffer_one: 'BUFFER_ONE', buffer_all: 'BUFFER_ALL', allow_all: 'ALLOW_ALL' } as const;
/** Temporal's shortest catch-up window, in seconds. */
const SHORTEST_WINDOW = 10;

/** The Schedule of a newsletter's row. */
function newsletterSchedule(settings: StartSettings, row: Newsletter) {
  const { _id: newsletter, account, state, v } = row;
  return {
    scheduleId: newsletterScheduleId(settings.prefix, newsletter),
    spec: scheduleSpec(row, row.jitter_seconds),
    policies: {
      overlap: OVERLAP[row.overlap],
      catchupWindow: Math.max(SHORTEST_WINDOW, row.catch_up_seconds) * 1_000,
    },
    state: { paused: state === 'paused', note: `row version ${v}` },
    action: {
      type: 'startWorkflow' as const,
      workflowType: ISSUE_TYPE,
      workflowId: issueWorkflowBase(newsletter),
      taskQueue: queuesOf(settings.prefix).workflows,
      args: [{ account, newsletter }] as [IssueInput],
      ...shownIssue(settings, { account, newsletter }, row.name),
    },
  };
}

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

/** A timetable as a Temporal Schedule; `test/workers/newsletter-times.test.ts` compares the times of the two. */
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
