import { now } from '../clock.js';
import type { EventPayload } from '../domain/webhook/event-payload.js';
import type { DeliveryTry } from '../store/webhooks/deliveries.js';
import type { Endpoint } from '../store/webhooks/row.js';
import { inSpan } from '../tracing/spans.js';
import type { WebClient } from '../web/client.js';
import { deliveryBody } from '../web/webhook/body.js';
import { webhookRequest } from '../web/webhook/request.js';

/** One attempt as the delivery log shows it, and the endpoint's Retry-After. */
export interface PostedEvent {
  readonly tried: DeliveryTry;
  readonly retryAfter: string | null;
}

/** Signs and posts one event; undefined where the format has no payload for it. Never throws. */
export async function postEvent(
  web: WebClient,
  { url, format }: Pick<Endpoint, 'url' | 'format'>,
  secrets: readonly string[],
  eventPayload: EventPayload,
): Promise<PostedEvent | undefined> {
  const payload = deliveryBody(format, eventPayload);
  if (payload === undefined) return undefined;
  const { id, type, traceparent } = eventPayload;
  const at = now();
  const body = JSON.stringify(payload);
  const span = { attributes: { 'everpost.event': id, 'everpost.event_type': type }, traceparent };
  const request = webhookRequest({ url, format, id, type, body, secrets, at });
  const response = await inSpan('webhook', span, () => web.send(request), statusOf);
  const { ms } = response;
  if (response.kind === 'failed')
    return { tried: { at, status: null, error: response.why, ms, answer: '' }, retryAfter: null };
  const { status, retryAfter } = response;
  return { tried: { at, status, error: null, ms, answer: response.body.toString('utf8') }, retryAfter };
}

function statusOf(response: Awaited<ReturnType<WebClient['send']>>) {
  return response.kind === 'failed' ? {} : { 'http.response.status_code': response.status };
}
