import { now } from '../../clock.js';
import { type AttemptOutcome, outcomeOfAttempt } from '../../domain/webhook/attempt-outcome.js';
import { deliveryBody } from '../../domain/webhook/delivery-body.js';
import type { EventPayload } from '../../domain/webhook/event-payload.js';
import type { DeliveryResult } from '../../store/webhooks/deliveries.js';
import type { Endpoint } from '../../store/webhooks/endpoints.js';
import type { WebClient } from '../../web/client.js';
import { webhookRequest } from '../../web/webhook-request.js';

/** One event that is to be posted, and how often it has been before. */
export interface DeliveryJob {
  readonly eventPayload: EventPayload;
  readonly seq: number | null;
  /** Counts from 1. */
  readonly attempt: number;
}

export interface Attempted {
  readonly verdict: AttemptOutcome;
  readonly result: DeliveryResult;
}

/** Posts one event and says what came of it; undefined where the format has no words for it. Never throws. */
export async function attemptDelivery(
  web: Pick<WebClient, 'send'>,
  { url, format }: Pick<Endpoint, 'url' | 'format'>,
  secrets: readonly string[],
  { eventPayload, seq, attempt }: DeliveryJob,
): Promise<Attempted | undefined> {
  const payload = deliveryBody(format, eventPayload);
  if (payload === undefined) return undefined;
  const { id, type } = eventPayload;
  const at = now();
  const response = await web.send(
    webhookRequest({ url, format, id, type, body: JSON.stringify(payload), secrets, at }),
  );
  const responded = response.kind === 'answered';
  const status = responded ? response.status : null;
  const tried = {
    at,
    status,
    error: responded ? null : response.why,
    ms: response.ms,
    answer: responded ? response.body.toString('utf8') : '',
  };
  const after = now();
  const verdict = outcomeOfAttempt(
    format,
    attempt,
    { status, retryAfter: responded ? response.retryAfter : null },
    after,
  );
  const due = verdict.kind === 'again' ? new Date(after.getTime() + verdict.after) : null;
  return { verdict, result: { event: id, seq, type, state: stateAfter(verdict), attempt, due, tried } };
}

function stateAfter({ kind }: AttemptOutcome): DeliveryResult['state'] {
  if (kind === 'delivered') return 'delivered';
  return kind === 'again' ? 'waiting' : 'failed';
}
