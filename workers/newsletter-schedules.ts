import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
} from '@temporalio/client';
import type { Engine } from '../activities/engine.js';
import { newsletterSchedule, type Scheduled } from '../workflows/messages/newsletter.js';
import { newsletterOfSchedule, newsletterScheduleId } from '../workflows/names.js';

type Wanted = ReturnType<typeof newsletterSchedule>;

/** Schedules of newsletters: made, compared and repaired towards the row. */
export function newsletterSchedules(
  { schedule }: Pick<Client, 'schedule'>,
  prefix: string,
): Pick<Engine, 'reconcileSchedule' | 'deleteSchedule' | 'scheduledNewsletters'> {
  const repair = async (wanted: Wanted): Promise<void> => {
    const handle = schedule.getHandle(wanted.scheduleId);
    const existing = await handle.describe();
    if (isAsWanted(existing, wanted)) return;
    const { scheduleId: _id, ...rest } = wanted;
    await handle.update(() => rest);
  };
  return {
    reconcileSchedule: async (row: Scheduled) => {
      const wanted = newsletterSchedule(prefix, row);
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
        await schedule.getHandle(newsletterScheduleId(prefix, newsletter)).delete();
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      }
    },

    scheduledNewsletters: async () => {
      const found: number[] = [];
      for await (const { scheduleId } of schedule.list()) {
        const id = newsletterOfSchedule(prefix, scheduleId);
        if (id !== undefined) found.push(id);
      }
      return found;
    },
  };
}

/** An update makes Temporal forget what it was about to catch up with: nothing is written where nothing differs. */
export function isAsWanted(existing: ScheduleDescription, wanted: Wanted): boolean {
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
    [spec.timezone, Number(spec.jitter ?? 0), spec.startAt?.getTime(), spec.endAt?.getTime()],
    (spec.calendars ?? []).map((one) => FIELDS.map((field) => valuesOf(one[field]))),
    (spec.skip ?? []).map((one) => [one.year, one.month, one.dayOfMonth].map(valuesOf)),
  ];
}

const FIELDS = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;

/** What we write are single values; whatever else stands there is not ours. */
function valuesOf(value: unknown): unknown {
  return [value].flat().map((one) => {
    if (typeof one !== 'object' || one === null) return one;
    const { start, end } = one as { readonly start: unknown; readonly end?: unknown };
    return end === undefined || end === start ? start : [start, end];
  });
}
