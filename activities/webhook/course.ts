import { monotonic, now } from '../../clock.js';
import { IN_FLIGHT } from '../../domain/webhook/formats.js';
import type { Events } from '../../store/events.js';
import type { River } from '../../store/river.js';
import type { Deliveries } from '../../store/webhook/deliveries.js';
import type { Endpoint, Endpoints } from '../../store/webhook/endpoints.js';
import type { WebClient } from '../../web/client.js';
import { attemptDelivery } from './attempt.js';
import type { WriteDown } from './logbook.js';
import { type Tally, tallyOf } from './tally.js';
import type { TidingsDeps } from './tidings.js';
import { type DeliveryWindow, deliveryWindow } from './window.js';

export interface WebhookDeps extends TidingsDeps {
  readonly endpoints: Pick<Endpoints, 'begin' | 'rest' | 'note' | 'switchOff' | 'hasChanged' | 'secretsOf'>;
  readonly deliveries: Pick<Deliveries, 'record' | 'due' | 'nextDue'>;
  readonly river: Pick<River, 'next' | 'byPublicIds' | 'forgottenAfter'>;
  readonly events: Pick<Events, 'append'>;
  readonly web: Pick<WebClient, 'send'>;
  readonly heartbeat: () => void;
  /** SIGTERM: begin nothing more. */
  readonly stopping: AbortSignal;
  /** Tests only: a shorter pass. */
  readonly hookPassMs?: number;
}

/** One pass over what is owed to an endpoint, by the row as it was at its beginning. */
export interface Course {
  readonly deps: WebhookDeps;
  readonly row: Endpoint;
  readonly window: DeliveryWindow;
  readonly tally: Tally;
  /** Nothing is begun after that moment of the monotonic clock. */
  readonly end: number;
  /** How far the river was read; what was read may still be under way. */
  read: number;
  /** When the row was last seen to be as it was. */
  looked: number;
  /** Why nothing more is begun, whatever time is left: the row says something else by now, or this has switched it off. */
  over: 'changed' | 'off' | undefined;
}

/** A changed URL or filter, or an endpoint that was switched off, counts after this time. */
const LOOK_EVERY = 1_000;

export function courseOf(deps: WebhookDeps, row: Endpoint, end: number): Course {
  const secrets = deps.endpoints.secretsOf(row, now());
  const tally = tallyOf(row);
  const window = deliveryWindow({
    size: row.ordered ? 1 : IN_FLIGHT,
    place: row.cursor,
    tally,
    attempt: (errand) => attemptDelivery(deps.web, row, secrets, errand),
    write: (results, place) => write(results, place),
  });
  const course: Course = { deps, row, window, tally, end, read: row.cursor, looked: monotonic(), over: undefined };
  const write = writingDown(course);
  return course;
}

/**
 * The end of an endpoint first, then what was answered, then the place: a crash in between forgets no 410, since the event
 * that was answered so is delivered again.
 */
function writingDown(course: Course): WriteDown {
  const { deps, row, tally } = course;
  let noted = row.cursor;
  return async (results, place) => {
    const reason = course.over === undefined ? tally.over() : undefined;
    if (reason !== undefined) course.over = (await deps.endpoints.switchOff(row, reason)) ? 'off' : 'changed';
    await deps.deliveries.record(row, results);
    if (results.length > 0 || place > noted) await deps.endpoints.note(row, place, tally.take());
    noted = place;
  };
}

/** When the stream may go on; null: now. */
export function restOf({ row, tally }: Course): Date | null {
  return tally.restUntil() ?? row.rest_until;
}

/** What keeps the next attempt from being begun. */
export async function obstacle(course: Course): Promise<'over' | 'resting' | undefined> {
  const { deps, row, tally, end } = course;
  const isOver = course.over !== undefined || tally.over() !== undefined;
  if (isOver || deps.stopping.aborted || monotonic() >= end) return 'over';
  const until = restOf(course);
  if (until !== null && until > now()) return 'resting';
  if (monotonic() - course.looked < LOOK_EVERY) return undefined;
  course.looked = monotonic();
  if (!(await deps.endpoints.hasChanged(row))) return undefined;
  course.over = 'changed';
  return 'over';
}
