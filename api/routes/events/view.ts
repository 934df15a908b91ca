import { typesFor } from '../../../domain/webhook/formats.js';
import type { SequencedEvent } from '../../../store/events/events.js';
import type { Delivery } from '../../../store/webhooks/deliveries.js';
import type { Endpoint } from '../../../store/webhooks/row.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import type { EventDeliveryResponse, EventResponse } from './schema.js';

/** The deliveries of these events to the endpoints of the account, by the public id of the event. */
export async function eventDeliveries(
  { endpoints, deliveries }: Pick<Deps, 'endpoints' | 'deliveries'>,
  account: number,
  events: readonly SequencedEvent[],
): Promise<EventDeliveries> {
  const own = await endpoints.ofAccount(account);
  const found = await deliveries.ofEvents(
    account,
    own.map(({ _id }) => _id),
    events.map(({ public_id }) => public_id),
  );
  return new Map(
    events.map((event) => {
      const tried = found.filter((delivery) => delivery.event === event.public_id);
      const untried = own.filter(
        (endpoint) => isBehind(endpoint, event) && tried.every((delivery) => delivery.endpoint !== endpoint._id),
      );
      return [event.public_id, [...tried.map(deliveryView), ...untried.map(untriedView)]];
    }),
  );
}

type EventDeliveries = ReadonlyMap<string, readonly EventDeliveryResponse[]>;

/** Whether the endpoint will come to the event: it has not tried all events up to this one, because earlier ones fail. */
function isBehind({ state, cursor, format, events }: Endpoint, { seq, type }: SequencedEvent): boolean {
  return state === 'enabled' && seq > cursor && typesFor(format, events).includes(type);
}

function untriedView({ _id: webhook_id, rest_until }: Endpoint): EventDeliveryResponse {
  const none = { last_attempt_at: null, status: null, error: null };
  return { webhook_id, state: 'waiting', attempts: 0, ...none, next_attempt_at: timestampOrNull(rest_until) };
}

export function eventView(
  { public_id: id, type, seq: position, at, campaign, subscriber, data = {} }: SequencedEvent,
  deliveries?: EventDeliveries,
): EventResponse {
  const { message, ...rest } = data;
  return {
    id,
    type,
    position,
    created_at: timestamp(at),
    campaign_id: campaign ?? null,
    subscriber_id: subscriber ?? null,
    message_id: typeof message === 'string' ? message : null,
    data: rest,
    ...(deliveries !== undefined && { deliveries: [...(deliveries.get(id) ?? [])] }),
  };
}

function deliveryView({ endpoint: webhook_id, state, attempts, tries, due }: Delivery) {
  const last = tries.at(-1);
  return {
    ...{ webhook_id, state, attempts, last_attempt_at: timestampOrNull(last?.at ?? null) },
    ...{ status: last?.status ?? null, error: last?.error ?? null, next_attempt_at: timestampOrNull(due) },
  };
}
