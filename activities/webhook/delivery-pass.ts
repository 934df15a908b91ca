import { monotonic, now } from '../../clock.js';
import { IN_FLIGHT } from '../../domain/webhook/formats.js';
import type { EventLog } from '../../store/events/event-log.js';
import type { Events } from '../../store/events/events.js';
import type { Deliveries } from '../../store/webhooks/deliveries.js';
import type { Endpoint, Endpoints } from '../../store/webhooks/endpoints.js';
import type { WebClient } from '../../web/client.js';
import { attemptDelivery } from './attempt.js';
import type { WriteResults } from './delivery-log.js';
import type { EventPayloadDeps } from './event-payloads.js';
import { countFailures, type FailureTracker } from './failure-counter.js';
import { type DeliveryWindow, deliveryWindow } from './window.js';

export interface WebhookDeps extends EventPayloadDeps {
  readonly endpoints: Pick<
    Endpoints,
    'startPass' | 'finishPass' | 'recordPass' | 'disable' | 'hasChanged' | 'secretsOf'
  >;
  readonly deliveries: Pick<Deliveries, 'record' | 'due' | 'nextDue'>;
  readonly eventLog: Pick<EventLog, 'next' | 'byPublicIds' | 'deletedUpTo'>;
  readonly events: Pick<Events, 'append'>;
  readonly web: Pick<WebClient, 'send'>;
  readonly heartbeat: () => void;
  /** SIGTERM: begin nothing more. */
  readonly stopping: AbortSignal;
  /** Tests only: a shorter pass. */
  readonly hookPassMs?: number;
}

/** One pass over what is owed to an endpoint, by the row as it was at its beginning. */
export interface DeliveryPass {
  readonly deps: WebhookDeps;
  readonly row: Endpoint;
  readonly window: DeliveryWindow;
  readonly failureCounter: FailureTracker;
  /** Nothing is begun after that moment of the monotonic clock. */
  readonly end: number;
  /** How far the river was read; what was read may still be under way. */
  readUpTo: number;
  /** When the row was last seen to be as it was. */
  checkedAt: number;
  /** Why nothing more is begun, whatever time is left: the row says something else by now, or this has switched it off. */
  endedBy: 'changed' | 'off' | undefined;
}

/** A changed URL or filter, or an endpoint that was switched off, counts after this time. */
const CHECK_INTERVAL_MS = 1_000;

export function deliveryPass(deps: WebhookDeps, row: Endpoint, end: number): DeliveryPass {
  const secrets = deps.endpoints.secretsOf(row, now());
  const failureCounter = countFailures(row);
  const window = deliveryWindow({
    size: row.ordered ? 1 : IN_FLIGHT,
    sequence: row.cursor,
    failureCounter,
    attempt: (job) => attemptDelivery(deps.web, row, secrets, job),
    write: (results, sequence) => write(results, sequence),
  });
  const pass: DeliveryPass = {
    deps,
    row,
    window,
    failureCounter,
    end,
    readUpTo: row.cursor,
    checkedAt: monotonic(),
    endedBy: undefined,
  };
  const write = resultWriter(pass);
  return pass;
}

/**
 * The end of an endpoint first, then what was answered, then the place: a crash in between forgets no 410, since the event
 * that was answered so is delivered again.
 */
function resultWriter(pass: DeliveryPass): WriteResults {
  const { deps, row, failureCounter } = pass;
  let recordedSequence = row.cursor;
  return async (results, sequence) => {
    const reason = pass.endedBy === undefined ? failureCounter.switchOffReason() : undefined;
    if (reason !== undefined) pass.endedBy = (await deps.endpoints.disable(row, reason)) ? 'off' : 'changed';
    await deps.deliveries.record(row, results);
    if (results.length > 0 || sequence > recordedSequence)
      await deps.endpoints.recordPass(row, sequence, failureCounter.takeCounts());
    recordedSequence = sequence;
  };
}

/** When the stream may go on; null: now. */
export function restUntil({ row, failureCounter }: DeliveryPass): Date | null {
  return failureCounter.restUntil() ?? row.rest_until;
}

/** What keeps the next attempt from being begun. */
export async function stopReason(pass: DeliveryPass): Promise<'over' | 'resting' | undefined> {
  const { deps, row, failureCounter, end } = pass;
  const isOver = pass.endedBy !== undefined || failureCounter.switchOffReason() !== undefined;
  if (isOver || deps.stopping.aborted || monotonic() >= end) return 'over';
  const until = restUntil(pass);
  if (until !== null && until > now()) return 'resting';
  if (monotonic() - pass.checkedAt < CHECK_INTERVAL_MS) return undefined;
  pass.checkedAt = monotonic();
  if (!(await deps.endpoints.hasChanged(row))) return undefined;
  pass.endedBy = 'changed';
  return 'over';
}
