import { now } from '../../clock.js';
import { type AttemptOutcome, outcomeOfAttempt } from '../../domain/webhook/attempt-outcome.js';
import type { EventPayload } from '../../domain/webhook/event-payload.js';
import { postEvent } from '../../services/webhook-post.js';
import type { DeliveryResult } from '../../store/webhooks/deliveries.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import type { WebClient } from '../../web/client.js';

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
