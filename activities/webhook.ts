import { monotonic, now } from '../clock.js';
import { IN_FLIGHT, typesFor } from '../domain/webhook/formats.js';
import type { Events } from '../store/events.js';
import type { River } from '../store/river.js';
import type { Deliveries } from '../store/webhook/deliveries.js';
import type { Endpoint, EndpointReason, Endpoints } from '../store/webhook/endpoints.js';
import type { WebClient } from '../web/client.js';
import type { EndpointInput } from '../workflows/messages.js';
import { attemptDelivery } from './webhook/attempt.js';
import { type Tally, tallyOf } from './webhook/tally.js';
import { type TidingsDeps, tidingsOf } from './webhook/tidings.js';
import { type DeliveryWindow, deliveryWindow } from './webhook/window.js';

export interface WebhookDeps extends TidingsDeps {
  readonly endpoints: Pick<Endpoints, 'begin' | 'rest' | 'note' | 'disable' | 'secretsOf'>;
  readonly deliveries: Pick<Deliveries, 'record' | 'due' | 'nextDue'>;
  readonly river: Pick<River, 'next' | 'byPublicIds'>;
  readonly events: Pick<Events, 'append'>;
  readonly web: Pick<WebClient, 'send'>;
  readonly heartbeat: () => void;
  /** SIGTERM: begin nothing more. */
  readonly stopping: AbortSignal;
  /** Tests only: a shorter pass. */
  readonly hookPassMs?: number;
}

/** Places and times only: what is said and to whom stands in the rows. */
export type PassResult =
  | { readonly kind: 'more' | 'idle' | 'off'; readonly place: number }
  /** Nothing to do before then; ISO 8601. */
  | { readonly kind: 'waiting'; readonly place: number; readonly until: string };

/** One pass works this long, so that endpoints share the slots of a process fairly, and a stop never waits for a backlog. */
const PASS_MS = 20_000;
const HEARTBEAT_MS = 4_000;
const PAGE = 200;
/** What a pass may take beyond its time: attempts under way, writes. */
const AFTERWARDS = 25_000;

export function webhookActivities(deps: WebhookDeps) {
  return {
    /** Brings what is due and what is new to one endpoint, for a while. Kill it at any line: what was not written is repeated. */
    deliverEvents: async ({ account, endpoint }: EndpointInput): Promise<PassResult> => {
      deps.heartbeat();
      const beat = setInterval(deps.heartbeat, HEARTBEAT_MS);
      try {
        return await pass(deps, account, endpoint);
      } finally {
        clearInterval(beat);
      }
    },
  };
}

async function pass(deps: WebhookDeps, account: number, id: number): Promise<PassResult> {
  const end = monotonic() + (deps.hookPassMs ?? PASS_MS);
  const busy = new Date(now().getTime() + PASS_MS + AFTERWARDS);
  const row = await deps.endpoints.begin(account, id, busy);
  if (row === null) return { kind: 'off', place: 0 };
  const course = courseOf(deps, row);
  const { window, tally } = course;
  let kind: Step = 'more';
  while (kind === 'more' && monotonic() < end && !deps.stopping.aborted) kind = await step(course);
  await window.settle();
  const over = tally.over();
  if (over !== undefined) return switchOff(deps, row, over, window.place());
  if (kind === 'more') return { kind, place: window.place() };
  const next = kind === 'resting' ? restOf(course) : await deps.deliveries.nextDue(row);
  // Something came up meanwhile: the next pass begins with it.
  if (!(await deps.endpoints.rest(row, busy, next))) return { kind: 'more', place: window.place() };
  if (next === null) return { kind: 'idle', place: window.place() };
  return { kind: 'waiting', place: window.place(), until: next.toISOString() };
}

type Step = 'more' | 'nothing' | 'resting';

interface Course {
  readonly deps: WebhookDeps;
  readonly row: Endpoint;
  readonly window: DeliveryWindow;
  readonly tally: Tally;
  /** How far the river was read; what was read may still be under way. */
  read: number;
}

function courseOf(deps: WebhookDeps, row: Endpoint): Course {
  const secrets = deps.endpoints.secretsOf(row, now());
  const tally = tallyOf(row);
  let noted = row.cursor;
  const window = deliveryWindow({
    size: row.ordered ? 1 : IN_FLIGHT,
    place: row.cursor,
    tally,
    attempt: (errand) => attemptDelivery(deps.web, row, secrets, errand),
    write: async (results, place) => {
      await deps.deliveries.record(row, results);
      if (results.length > 0 || place > noted) await deps.endpoints.note(row, place, tally.take());
      noted = place;
    },
  });
  return { deps, row, window, tally, read: row.cursor };
}

function restOf({ row, tally }: Course): Date | null {
  return tally.restUntil() ?? row.rest_until;
}

function mustRest(course: Course): boolean {
  const until = restOf(course);
  return (until !== null && until > now()) || course.tally.over() !== undefined;
}

/** What is due again, then what is new; behind a failure an ordered endpoint waits for the one, and gets nothing of the other. */
async function step(course: Course): Promise<Step> {
  if (mustRest(course)) return 'resting';
  const retried = await retryDue(course);
  if (course.row.ordered) {
    await course.window.settle();
    if ((await course.deps.deliveries.nextDue(course.row)) !== null) return retried ? 'more' : 'nothing';
  }
  const found = await goOn(course);
  return retried || found ? 'more' : 'nothing';
}

async function retryDue({ deps, row, window }: Course): Promise<boolean> {
  const limit = row.ordered ? 1 : IN_FLIGHT * 2;
  const waiting = await deps.deliveries.due(row, now(), limit);
  const due = waiting.filter(({ event }) => !window.isUnderWay(event));
  // They are under way, or not written down yet; behind them there may be more.
  if (due.length === 0) await (waiting.length > 0 && window.settle());
  const events = await deps.river.byPublicIds(
    row.account,
    due.map(({ event }) => event),
  );
  const attempts = new Map(due.map(({ event, attempts }) => [event, attempts + 1]));
  const tidings = await tidingsOf(deps, row.account, events, row.format === 'envie');
  for (const [i, one] of tidings.entries()) {
    const errand = { tidings: one, seq: events[i]?.seq ?? null, attempt: attempts.get(one.id) ?? 1 };
    await window.begin(errand, 'log');
  }
  const known = new Set(tidings.map(({ id }) => id));
  for (const lost of due.filter(({ event }) => !known.has(event))) window.giveUp(lost);
  return waiting.length > 0;
}

async function goOn(course: Course): Promise<boolean> {
  const { deps, row, window } = course;
  const { found, upTo } = await deps.river.next(row.account, course.read, typesFor(row.format, row.events), PAGE);
  const tidings = await tidingsOf(deps, row.account, found, row.format === 'envie');
  for (const [i, one] of tidings.entries()) {
    const seq = found[i]?.seq ?? upTo;
    if (deps.stopping.aborted || mustRest(course)) return true;
    await window.begin({ tidings: one, seq, attempt: 1 }, 'river');
    course.read = seq;
    if (row.ordered && (await hasFailed(course))) return true;
  }
  const moved = upTo > course.read || found.length > 0;
  course.read = upTo;
  if (moved) window.passTo(upTo);
  return moved;
}

async function hasFailed({ deps, row, window }: Course): Promise<boolean> {
  await window.settle();
  return (await deps.deliveries.nextDue(row)) !== null;
}

/** Told before it is done, under an id that a repetition finds again. */
async function switchOff(deps: WebhookDeps, row: Endpoint, reason: EndpointReason, place: number): Promise<PassResult> {
  const { _id, account, updated_at } = row;
  const data = { webhook: _id, reason };
  const event = `webhook:${_id}:${updated_at.getTime()}:${reason}`;
  await deps.events.append([{ _id: event, account, type: 'webhook.disabled', data }]);
  await deps.endpoints.disable(row, reason);
  return { kind: 'off', place };
}
