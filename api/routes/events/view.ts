import { now } from '../../../clock.js';
import { typesFor } from '../../../domain/webhook/formats.js';
import { nextAttempt, untriedSequences } from '../../../services/waiting/failing-webhooks.js';
import type { SequencedEvent } from '../../../store/events/events.js';
import type { Delivery } from '../../../store/webhooks/deliveries.js';
import type { Endpoint } from '../../../store/webhooks/row.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import type { EventDeliveryResponse, EventResponse } from './schema.js';

/** The deliveries of these events to the endpoints of the account, by the public id of the event. */
export async function eventDeliveries(
  { endpoints, deliveries, eventLog }: Pick<Deps, 'endpoints' | 'deliveries' | 'eventLog'>,
  account: number,
  events: readonly SequencedEvent[],
): Promise<EventDeliveries> {
  const own = await endpoints.ofAccount(account);
  const found = await deliveries.ofEvents(
    account,
    own.map(({ _id }) => _id),
    events.map(({ public_id }) => public_id),
  );
  const behind = own.filter((endpoint) => events.some((event) => isBehind(endpoint, event)));
  const lines = await Promise.all(behind.map((endpoint) => lineOf({ deliveries, eventLog }, endpoint)));
  return new Map(
    events.map((event) => {
      const tried = found.filter((delivery) => delivery.event === event.public_id);
      const untried = lines.filter(
        ({ endpoint }) => isBehind(endpoint, event) && tried.every((delivery) => delivery.endpoint !== endpoint._id),
      );
      return [event.public_id, [...tried.map(deliveryView), ...untried.map((line) => untriedView(line, event))]];
    }),
  );
}

/** The events that an endpoint has still to try for the first time. */
interface WaitingLine {
  readonly endpoint: Endpoint;
  /** In order. */
  readonly sequences: readonly number[];
  /** A failed delivery of an ordered endpoint holds back all others. */
  readonly heldBack: number;
  /** When the endpoint is tried again; null: now. */
  readonly next: Date | null;
}

async function lineOf(stores: Pick<Deps, 'deliveries' | 'eventLog'>, endpoint: Endpoint): Promise<WaitingLine> {
  const isHeld = endpoint.ordered && (await stores.deliveries.nextDue(endpoint)) !== null;
  const sequences = await untriedSequences(stores, endpoint);
  return { endpoint, sequences, heldBack: Number(isHeld), next: await nextAttempt(stores, endpoint, now()) };
}

type EventDeliveries = ReadonlyMap<string, readonly EventDeliveryResponse[]>;

/** Whether the endpoint will come to the event: it has not tried all events up to this one, because earlier ones fail. */
function isBehind({ state, cursor, format, events }: Endpoint, { seq, type }: SequencedEvent): boolean {
  return state === 'enabled' && seq > cursor && typesFor(format, events).includes(type);
}

/** The end of a rest is the time of the first event in the line only. */
function untriedView(
  { endpoint: { _id: webhook_id }, sequences, heldBack, next }: WaitingLine,
  { seq }: SequencedEvent,
): EventDeliveryResponse {
  const none = { last_attempt_at: null, status: null, error: null };
  const events_ahead = sequences.filter((earlier) => earlier < seq).length + heldBack;
  const next_attempt_at = events_ahead === 0 ? timestampOrNull(next) : null;
  return { webhook_id, state: 'waiting', attempts: 0, ...none, next_attempt_at, events_ahead };
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
    events_ahead: 0,
  };
}
