import { now } from '../../clock.js';
import type { EventPayload } from '../../domain/webhook/event-payload.js';
import {
  type AttemptOutcome,
  backoffAfter,
  FAILING_LIMIT,
  FORMATS,
  outcomeOfAttempt,
} from '../../domain/webhook/formats.js';
import { postEvent } from '../../services/webhook-post.js';
import type { Deliveries, DeliveryResult } from '../../store/webhooks/deliveries.js';
import type { Endpoints } from '../../store/webhooks/endpoints.js';
import type { FailureCounts } from '../../store/webhooks/progress.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import type { WebClient } from '../../web/client.js';

export interface ResultDeps {
  readonly endpoints: Endpoints;
  readonly deliveries: Deliveries;
}

export interface EndpointFailure {
  /** ISO 8601. */
  readonly since: string;
  readonly failures: number;
  /** The status or the code of the error of the last attempt; absent if this pass made none. */
  readonly last?: string;
}

/** One new event; the cursor may pass it once its attempt is done. */
export interface TrackedEvent {
  readonly sequence: number;
  done: boolean;
}

/** Results written in one batch. Fewer are written when the window settles. */
const BATCH_SIZE = 100;

export type ResultLog = ReturnType<typeof resultLog>;

/** Collects the results of one pass and writes them, one batch at a time. The cursor moves in order, whatever the order of the responses. */
export function resultLog(deps: ResultDeps, row: Endpoint) {
  const tracked: TrackedEvent[] = [];
  const unwritten = new Set<string>();
  const writer = resultWriter(deps, row);
  let results: DeliveryResult[] = [];
  let sequence = row.cursor;
  let writing = Promise.resolve();

  /** The first write that fails is the last: the cursor never passes results that are lost. */
  const flush = (): Promise<void> => {
    writing = writing.then(async () => {
      while (tracked[0]?.done === true) sequence = tracked.shift()?.sequence ?? sequence;
      const batch = results;
      results = [];
      await writer.write(batch, sequence);
      for (const { event } of batch) unwritten.delete(event);
    });
    return writing;
  };

  return {
    ...writer,
    flush,
    flushFullBatch: async (): Promise<void> => {
      if (results.length >= BATCH_SIZE) await flush();
    },
    sequence: (): number => sequence,
    track: (at: number, done: boolean): TrackedEvent => {
      const event = { sequence: at, done };
      tracked.push(event);
      return event;
    },
    /** A retry must not begin again before its result is written. */
    openRetry: (event: string): void => void unwritten.add(event),
    isOpen: (event: string): boolean => unwritten.has(event),
    add: (result: DeliveryResult): void => void results.push(result),
  };
}

/**
 * Disables the endpoint first, then writes the results, then moves the cursor. After a crash between these writes the events are
 * delivered again, so that no 410 and no result is lost.
 */
function resultWriter({ endpoints, deliveries }: ResultDeps, row: Endpoint) {
  const failures = failureCounter(row);
  let endedBy: 'disabled' | 'changed' | undefined;
  let recordedSequence = row.cursor;
  return {
    count: failures.count,
    failing: failures.failing,
    write: async (results: readonly DeliveryResult[], sequence: number): Promise<void> => {
      const reason = endedBy === undefined ? failures.disableReason() : undefined;
      if (reason !== undefined) endedBy = (await endpoints.disable(row, reason)) ? 'disabled' : 'changed';
      await deliveries.record(row, results);
      if (results.length > 0 || sequence > recordedSequence)
        await endpoints.recordPass(row, sequence, failures.takeCounts());
      recordedSequence = sequence;
    },
    /** The owner has changed the endpoint since the pass began. */
    endAsChanged: (): void => {
      endedBy = 'changed';
    },
    endedBy: (): 'disabled' | 'changed' | undefined => endedBy,
    /** Whether no further attempt may begin in this pass. */
    isOver: (): boolean => endedBy !== undefined || failures.disableReason() !== undefined,
    /** No attempt begins before this time; null: no wait. */
    restUntil: (): Date | null => failures.restUntil() ?? row.rest_until,
  };
}

/** Counts the outcomes of one pass and decides from them when the endpoint rests and when it is disabled. */
function failureCounter(endpoint: Endpoint) {
  let { failures, failing_since: since } = endpoint;
  let restUntil: Date | null = null;
  let gone = false;
  /** Whether this pass has seen a failure since the last success: old failures alone do not disable an endpoint. */
  let failsNow = false;
  let fresh = { failures: 0, anyDelivered: false };
  let last: string | undefined;

  return {
    count: ({ outcome, result: { tried } }: Attempted): void => {
      if (outcome.kind === 'delivered') {
        failures = 0;
        since = null;
        failsNow = false;
        fresh = { failures: 0, anyDelivered: true };
        return;
      }
      failures += 1;
      last = tried.status === null ? `error ${tried.error}` : `status ${tried.status}`;
      failsNow = true;
      since ??= now();
      fresh = { ...fresh, failures: fresh.failures + 1 };
      gone ||= outcome.kind === 'gone';
      const wait = outcome.kind === 'again' && outcome.hold ? outcome.after : backoffAfter(failures);
      if (wait > 0) restUntil = latest(restUntil, new Date(now().getTime() + wait));
    },
    /** The failures since the last success, if there are any. */
    failing: (): EndpointFailure | undefined =>
      since === null ? undefined : { since: since.toISOString(), failures, ...(last !== undefined && { last }) },
    /** Counts since the last call. */
    takeCounts: (): FailureCounts => {
      const taken = { ...fresh, restUntil };
      fresh = { failures: 0, anyDelivered: false };
      return taken;
    },
    /** Nothing more is sent before this time; null: no wait. */
    restUntil: (): Date | null => restUntil,
    /** Why the endpoint must be disabled. */
    disableReason: (): 'gone' | 'failing' | undefined => {
      if (gone) return 'gone';
      if (!failsNow || since === null || !FORMATS[endpoint.format].obeysEndpoint) return undefined;
      return now().getTime() - since.getTime() >= FAILING_LIMIT ? 'failing' : undefined;
    },
  };
}

function latest(one: Date | null, other: Date): Date {
  return one !== null && one > other ? one : other;
}

/** One event to post. */
export interface DeliveryJob {
  readonly eventPayload: EventPayload;
  readonly seq: number | null;
  /** Counts from 1. */
  readonly attempt: number;
}

export interface Attempted {
  readonly outcome: AttemptOutcome;
  readonly result: DeliveryResult;
}

/** Posts one event and returns the outcome; undefined where the format has no payload for the event. Never throws. */
export async function attemptDelivery(
  web: WebClient,
  endpoint: Endpoint,
  secrets: readonly string[],
  { eventPayload, seq, attempt }: DeliveryJob,
): Promise<Attempted | undefined> {
  const posted = await postEvent(web, endpoint, secrets, eventPayload);
  if (posted === undefined) return undefined;
  const { tried, retryAfter } = posted;
  const { id: event, type } = eventPayload;
  const after = now();
  const outcome = outcomeOfAttempt(endpoint.format, attempt, { status: tried.status, retryAfter }, after);
  const due = outcome.kind === 'again' ? new Date(after.getTime() + outcome.after) : null;
  return { outcome, result: { event, seq, type, state: stateAfter(outcome), attempt, due, tried } };
}

function stateAfter({ kind }: AttemptOutcome): DeliveryResult['state'] {
  if (kind === 'delivered') return 'delivered';
  return kind === 'again' ? 'waiting' : 'failed';
}
