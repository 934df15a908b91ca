import { monotonic, now } from '../../clock.js';
import { IN_FLIGHT, typesFor } from '../../domain/webhook/formats.js';
import { type EventPayloadDeps, eventPayloadsOf } from '../../services/event-payloads.js';
import type { EventLog } from '../../store/events/event-log.js';
import { type Events, publicIdOf } from '../../store/events/events.js';
import type { DeliveryResult } from '../../store/webhooks/deliveries.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import type { WebClient } from '../../web/client.js';
import {
  type Attempted,
  attemptDelivery,
  type DeliveryJob,
  type ResultDeps,
  type ResultLog,
  resultLog,
  type TrackedEvent,
} from './results.js';

export interface WebhookDeps extends EventPayloadDeps, ResultDeps {
  readonly eventLog: EventLog;
  readonly events: Events;
  readonly web: WebClient;
  readonly heartbeat: () => void;
  /** SIGTERM: begin no further attempt. */
  readonly stopping: AbortSignal;
}

/** One pass over an endpoint, by its row as it was at the beginning. */
interface Pass {
  readonly deps: WebhookDeps;
  readonly row: Endpoint;
  readonly results: ResultLog;
  readonly window: DeliveryWindow;
  /** No attempt begins after this time of the monotonic clock. */
  readonly end: number;
  /** The last sequence number read from the event log; its attempt may still be in flight. */
  readUpTo: number;
  /** When the row was last compared with the store. */
  checkedAt: number;
}

export type StepResult = 'more' | 'nothing' | 'resting' | 'over';

/** A change of the endpoint's URL, events or state takes effect within this time. */
const CHECK_INTERVAL_MS = 1_000;
/** Events read at once. */
const PAGE = 200;

export function deliveryPass(deps: WebhookDeps, row: Endpoint, end: number): Pass {
  const secrets = deps.endpoints.secretsOf(row, now());
  const results = resultLog(deps, row);
  const size = row.ordered ? 1 : IN_FLIGHT;
  const window = deliveryWindow({ size, results, attempt: (job) => attemptDelivery(deps.web, row, secrets, job) });
  return { deps, row, results, window, end, readUpTo: row.cursor, checkedAt: monotonic() };
}

/**
 * Events are deleted after their retention. An endpoint whose cursor is older has missed some: this appends `webhook.missed`, adds
 * an entry to the delivery log and continues behind the deleted events. Safe to repeat: the event's id names the cursor.
 */
export async function publishMissed(pass: Pass): Promise<void> {
  const { deps, row, window } = pass;
  const upTo = await deps.eventLog.deletedUpTo(row.account, row.cursor);
  if (upTo === row.cursor) return;
  const { _id: webhook, account, cursor } = row;
  const data = { webhook, from: cursor + 1, to: upTo };
  const missed = { _id: `webhook:${webhook}:missed:${cursor}`, account, type: 'webhook.missed', data };
  await deps.events.append([missed]);
  const tried = { at: now(), status: null, error: 'events_forgotten', ms: 0, answer: '' };
  const entry = { event: publicIdOf(missed), seq: null, type: missed.type, state: 'failed', due: null } as const;
  await deps.deliveries.record(row, [{ ...entry, attempt: 0, tried }]);
  pass.readUpTo = upTo;
  window.passTo(upTo);
}

/** Retries that are due, then new events. At an ordered endpoint a failed delivery holds back all later events. */
export async function nextStep(pass: Pass): Promise<StepResult> {
  const stopped = await stopReason(pass);
  if (stopped !== undefined) return stopped;
  const retried = await retryDue(pass);
  if (pass.row.ordered && (await hasFailed(pass))) return retried ? 'more' : 'nothing';
  const found = await deliverNew(pass);
  return retried || found ? 'more' : 'nothing';
}

/** Returns whether any retry was due. */
async function retryDue(pass: Pass): Promise<boolean> {
  const { deps, row, window } = pass;
  const limit = row.ordered ? 1 : IN_FLIGHT * 2;
  const waiting = await deps.deliveries.due(row, now(), limit);
  const due = waiting.filter(({ event }) => !window.isOpen(event));
  // All of them are in flight or not written yet; more may be due behind them.
  if (due.length === 0) await (waiting.length > 0 && window.settle());
  const kept = await deps.eventLog.byPublicIds(
    row.account,
    due.map(({ event }) => event),
  );
  const byId = new Map(kept.map((event) => [event.public_id, event]));
  for (const lost of due.filter(({ event }) => !byId.has(event))) window.giveUp(lost);
  const again = due.filter(({ event }) => byId.has(event));
  const events = again.flatMap(({ event }) => byId.get(event) ?? []);
  const payloads = await eventPayloadsOf(deps, row.account, events, row.format === 'envie');
  for (const [i, eventPayload] of payloads.entries()) {
    if (await isStopped(pass)) return true;
    await window.begin({ eventPayload, seq: events[i]?.seq ?? null, attempt: (again[i]?.attempts ?? 0) + 1 }, 'retry');
  }
  return waiting.length > 0;
}

/** Returns whether there was any new event. */
async function deliverNew(pass: Pass): Promise<boolean> {
  const { deps, row, window } = pass;
  const { found, upTo } = await deps.eventLog.next(row.account, pass.readUpTo, typesFor(row.format, row.events), PAGE);
  const payloads = await eventPayloadsOf(deps, row.account, found, row.format === 'envie');
  for (const [i, eventPayload] of payloads.entries()) {
    const seq = found[i]?.seq ?? upTo;
    if (await isStopped(pass)) return true;
    await window.begin({ eventPayload, seq, attempt: 1 }, 'new');
    pass.readUpTo = seq;
    if (row.ordered && (await hasFailed(pass))) return true;
  }
  const moved = upTo > pass.readUpTo || found.length > 0;
  pass.readUpTo = upTo;
  if (moved) window.passTo(upTo);
  return moved;
}

/** Checked once the window has space: results that arrived during the wait count. */
async function isStopped(pass: Pass): Promise<boolean> {
  await pass.window.untilFree();
  return (await stopReason(pass)) !== undefined;
}

/** Whether a delivery waits for its retry, once all attempts in flight have ended. */
async function hasFailed({ deps, row, window }: Pass): Promise<boolean> {
  await window.settle();
  return (await deps.deliveries.nextDue(row)) !== null;
}

/** Why the next attempt must not begin. */
async function stopReason(pass: Pass): Promise<'over' | 'resting' | undefined> {
  const { deps, row, results, end } = pass;
  if (results.isOver() || deps.stopping.aborted || monotonic() >= end) return 'over';
  const until = results.restUntil();
  if (until !== null && until > now()) return 'resting';
  if (monotonic() - pass.checkedAt < CHECK_INTERVAL_MS) return undefined;
  pass.checkedAt = monotonic();
  if (!(await deps.endpoints.hasChanged(row))) return undefined;
  results.endAsChanged();
  return 'over';
}

interface WindowSettings {
  /** Attempts in flight at once. */
  readonly size: number;
  readonly results: ResultLog;
  attempt(job: DeliveryJob): Promise<Attempted | undefined>;
}

type DeliveryWindow = ReturnType<typeof deliveryWindow>;

/** Begins attempts in the order in which they come and keeps up to `size` of them in flight. */
function deliveryWindow({ size, results, attempt }: WindowSettings) {
  const open = new Set<Promise<void>>();

  const run = async (job: DeliveryJob, tracked: TrackedEvent | undefined): Promise<void> => {
    const attempted = await attempt(job);
    if (attempted !== undefined) {
      results.count(attempted);
      results.add(attempted.result);
    }
    if (tracked !== undefined) tracked.done = true;
    else if (attempted === undefined) results.add(nothingToSend(job.eventPayload.id, job.eventPayload.type, job.seq));
    await results.flushFullBatch();
  };

  const untilFree = async (): Promise<void> => {
    while (open.size >= size) await Promise.race(open);
  };

  return {
    /** Waits until another attempt may begin. */
    untilFree,
    /** Begins an attempt once the window has space. The cursor passes a new event; a retry does not move it. */
    begin: async (job: DeliveryJob, kind: 'new' | 'retry'): Promise<void> => {
      await untilFree();
      const tracked = kind === 'new' && job.seq !== null ? results.track(job.seq, false) : undefined;
      if (kind === 'retry') results.openRetry(job.eventPayload.id);
      const running = run(job, tracked).finally(() => open.delete(running));
      // `settle` reports the failure of an attempt.
      running.catch(() => undefined);
      open.add(running);
    },
    /** No event for this endpoint lies between the last tracked one and this sequence number. */
    passTo: (sequence: number): void => void results.track(sequence, true),
    /** A retry of this event is in flight, or its result is not written yet. */
    isOpen: results.isOpen,
    /** The event of this delivery is deleted: there is nothing to retry. */
    giveUp: ({ event, type, seq }: Pick<DeliveryResult, 'event' | 'type' | 'seq'>): void =>
      results.add(nothingToSend(event, type, seq)),
    /** Waits for all attempts in flight and writes their results. */
    settle: async (): Promise<void> => {
      await Promise.all(open);
      await results.flush();
    },
  };
}

function nothingToSend(event: string, type: string, seq: number | null): DeliveryResult {
  const tried = { at: now(), status: null, error: 'nothing_to_send', ms: 0, answer: '' };
  return { event, seq, type, state: 'failed', attempt: 0, due: null, tried };
}
