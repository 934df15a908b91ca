import { now } from '../../clock.js';
import { IN_FLIGHT, typesFor } from '../../domain/webhook/formats.js';
import { type Course, obstacle } from './course.js';
import { tidingsOf } from './tidings.js';

const PAGE = 200;

export type Step = 'more' | 'nothing' | 'resting' | 'over';

/** What is due again, then what is new; behind a failure an ordered endpoint waits for the one, and gets nothing of the other. */
export async function step(course: Course): Promise<Step> {
  const kept = await obstacle(course);
  if (kept !== undefined) return kept;
  const retried = await retryDue(course);
  if (course.row.ordered && (await hasFailed(course))) return retried ? 'more' : 'nothing';
  const found = await readOn(course);
  return retried || found ? 'more' : 'nothing';
}

/** Whether anything was due. */
async function retryDue(course: Course): Promise<boolean> {
  const { deps, row, window } = course;
  const limit = row.ordered ? 1 : IN_FLIGHT * 2;
  const waiting = await deps.deliveries.due(row, now(), limit);
  const due = waiting.filter(({ event }) => !window.isUnderWay(event));
  // They are under way, or not written down yet; behind them there may be more.
  if (due.length === 0) await (waiting.length > 0 && window.settle());
  const kept = await deps.river.byPublicIds(
    row.account,
    due.map(({ event }) => event),
  );
  const byId = new Map(kept.map((event) => [event.evt, event]));
  for (const lost of due.filter(({ event }) => !byId.has(event))) window.giveUp(lost);
  const again = due.filter(({ event }) => byId.has(event));
  const events = again.flatMap(({ event }) => byId.get(event) ?? []);
  const tidings = await tidingsOf(deps, row.account, events, row.format === 'envie');
  for (const [i, one] of tidings.entries()) {
    if (await isHeldUp(course)) return true;
    await window.begin({ tidings: one, seq: events[i]?.seq ?? null, attempt: (again[i]?.attempts ?? 0) + 1 }, 'log');
  }
  return waiting.length > 0;
}

/** Whether there was anything new. */
async function readOn(course: Course): Promise<boolean> {
  const { deps, row, window } = course;
  const { found, upTo } = await deps.river.next(row.account, course.read, typesFor(row.format, row.events), PAGE);
  const tidings = await tidingsOf(deps, row.account, found, row.format === 'envie');
  for (const [i, one] of tidings.entries()) {
    const seq = found[i]?.seq ?? upTo;
    if (await isHeldUp(course)) return true;
    await window.begin({ tidings: one, seq, attempt: 1 }, 'river');
    course.read = seq;
    if (row.ordered && (await hasFailed(course))) return true;
  }
  const moved = upTo > course.read || found.length > 0;
  course.read = upTo;
  if (moved) window.passTo(upTo);
  return moved;
}

/** Asked once there is room for an attempt: what came up while it was waited for counts. */
async function isHeldUp(course: Course): Promise<boolean> {
  await course.window.room();
  return (await obstacle(course)) !== undefined;
}

/** Whether something waits to be tried again, once all that was begun has been answered. */
async function hasFailed({ deps, row, window }: Course): Promise<boolean> {
  await window.settle();
  return (await deps.deliveries.nextDue(row)) !== null;
}
