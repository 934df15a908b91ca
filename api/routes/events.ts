import { type Static, Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import { typesOf } from '../../domain/event-types.js';
import { givenTime } from '../../domain/timestamp.js';
import { typesFor, WEBHOOK_FORMATS, type WebhookFormat } from '../../domain/webhook/formats.js';
import { eventPayloadsOf } from '../../services/event-payloads.js';
import type { EventQuery } from '../../store/events/event-pages.js';
import type { SequencedEvent } from '../../store/events/events.js';
import { DELIVERY_STATES, type Delivery } from '../../store/webhooks/deliveries.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import { deliveryBody } from '../../web/webhook/body.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { refusals } from '../schema/envelope.js';
import { closed, Id, nullable, Timestamp } from '../schema/fields.js';
import { timestamp, timestampOrNull } from '../timestamp.js';
import type { Deps } from '../wiring.js';
import { demandOneName, identityIn, searchedPerson } from './people/search.js';

export function events(app: Api, deps: Deps): void {
  const { eventLog } = deps;
  app.get(
    '/events',
    {
      schema: {
        tags: ['Events'],
        summary: 'List events in a stable order',
        querystring: EventSearch,
        response: { 200: EventPage, ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const { payload: format, include, ...search } = request.query;
      const query = await queryFrom(deps, account, search);
      // Sequences pending events first: the response includes every earlier event even without a worker.
      await eventLog.assignSequences(account);
      const found = await eventLog.page(account, { ...query, limit: query.limit + 1 });
      const shown = found.slice(0, query.limit);
      const next = found.length > query.limit ? (shown.at(-1)?.seq ?? null) : null;
      const { after, descending } = query;
      const forgotten =
        after === undefined || descending === true ? 0 : (await eventLog.deletedUpTo(account, after)) - after;
      const deliveries = include === undefined ? undefined : await eventDeliveries(deps, account, shown);
      const views = shown.map((event) => eventView(event, deliveries));
      const data = format === undefined ? views : await withPayloads(deps, account, format, shown, views);
      return { data, meta: { next, forgotten } };
    },
  );
}

/** Adds to each view the body that an endpoint with the format would receive, of the rows as they are now. */
async function withPayloads(
  deps: Deps,
  account: number,
  format: WebhookFormat,
  found: readonly SequencedEvent[],
  views: readonly Static<typeof EventView>[],
) {
  const payloads = await eventPayloadsOf(deps, account, found, format === 'envie');
  const bodies = payloads.map((payload) => deliveryBody(format, payload) ?? null);
  return views.map((view, i) => ({ ...view, payload: (bodies[i] ?? null) as Record<string, unknown> | null }));
}

async function queryFrom(
  deps: Deps,
  account: number,
  {
    type,
    from,
    to,
    order,
    email,
    subscriber,
    subscriber_id,
    ...rest
  }: Omit<Static<typeof EventSearch>, 'payload' | 'include'>,
): Promise<EventQuery> {
  demandOneName({ email, subscriber, subscriber_id });
  const id = subscriber ?? subscriber_id;
  return {
    ...rest,
    ...(id !== undefined && { subscriber: id }),
    ...(email !== undefined && { about: await eventsAbout(deps, account, email) }),
    descending: order === 'desc',
    ...(type !== undefined && { types: knownTypes(type) }),
    ...(from !== undefined && { from: givenTime(from) }),
    ...(to !== undefined && { to: givenTime(to) }),
  };
}

/** So many of the latest messages to an address are searched for events. */
const MESSAGES_SEARCHED = 100;

/** The rows of a person, and the latest messages to the address. */
async function eventsAbout(deps: Deps, account: number, email: string): Promise<NonNullable<EventQuery['about']>> {
  const emailKey = identityIn(email);
  const [person, messages] = await Promise.all([
    searchedPerson(deps, account, { email }),
    deps.messages.page(account, { to: emailKey, limit: MESSAGES_SEARCHED }),
  ]);
  const rows = typeof person === 'object' ? person.rows : [];
  return { subscribers: rows.map(({ _id }) => _id), messages: messages.map(({ _id }) => _id) };
}

function knownTypes(pattern: string): readonly string[] {
  const types = typesOf(pattern);
  if (types.length > 0) return types;
  throw new Failure('validation_failed', { type: ['The selected type is invalid.'] });
}

/** A type, `campaign.*` for all types of a resource, or `*`. */
export const Pattern = Type.String({
  maxLength: 64,
  pattern: '^(?:\\*|[a-z]+\\.(?:\\*|[a-z_]+))$',
  description: 'An event type, `campaign.*` for all types of a resource, `*` for all.',
});

export const EventId = Type.String({ pattern: '^evt_[0-9A-Za-z]{24}$', examples: ['evt_7Hq2mVxT0cZkP4sWn9RbYd3L'] });

const EventSearch = Type.Object(
  {
    type: Type.Optional(Pattern),
    campaign: Type.Optional(Id),
    subscriber: Type.Optional(Id),
    subscriber_id: Type.Optional(
      Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Another name of `subscriber`.' }),
    ),
    email: Type.Optional(
      Type.String({
        ...{ format: 'email', maxLength: 320 },
        description: 'Events of this address on every list, and of the 100 latest messages to it.',
      }),
    ),
    message: Type.Optional(Type.String({ format: 'uuid' })),
    from: Type.Optional(Timestamp),
    to: Type.Optional(Timestamp),
    include: Type.Optional(
      Type.Enum(['deliveries'], { description: '`deliveries`: each event with its deliveries to webhook endpoints.' }),
    ),
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'The position after which to continue.' })),
    order: Type.Enum(['asc', 'desc'], { default: 'asc' }),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
    payload: Type.Optional(
      Type.Enum([...WEBHOOK_FORMATS], {
        description: 'Adds the body that a webhook endpoint with this format receives, of the rows as they are now.',
      }),
    ),
  },
  closed,
);

const EventDelivery = Type.Object({
  webhook_id: Id,
  state: Type.Enum([...DELIVERY_STATES]),
  attempts: Type.Integer(),
  last_attempt_at: nullable(Timestamp),
  status: nullable(Type.Integer({ description: 'Of the last response; null: there was none.' })),
  error: nullable(Type.String({ description: 'Why there was no response to the last attempt.' })),
  next_attempt_at: nullable(Timestamp),
});

const EventView = Type.Object(
  {
    id: EventId,
    type: Type.String(),
    position: Type.Integer({ description: 'Position in the event log: no event with a lower position appears later.' }),
    created_at: Timestamp,
    campaign_id: nullable(Id),
    subscriber_id: nullable(Id),
    message_id: nullable(Type.String()),
    data: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
    payload: Type.Optional(
      Type.Unsafe<Record<string, unknown> | null>({
        type: ['object', 'null'],
        additionalProperties: true,
        description: 'With `payload`: the body of a delivery; null where the format has none for the type.',
      }),
    ),
    deliveries: Type.Optional(Type.Array(EventDelivery, { description: 'With `include=deliveries`.' })),
  },
  {
    examples: [
      {
        id: 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L',
        type: 'campaign.sent',
        position: 118,
        created_at: '2026-05-15T09:00:12+00:00',
        campaign_id: 7,
        subscriber_id: null,
        message_id: null,
        data: { subject: 'Our new pricing tiers', emails_sent: 2099 },
      },
    ],
  },
);

const EventPage = Type.Object({
  data: Type.Array(EventView),
  meta: Type.Object({
    next: nullable(Type.Integer()),
    forgotten: Type.Integer({
      description: 'Number of events after `after` that have been deleted.',
    }),
  }),
});

export type EventResponse = Static<typeof EventView>;

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

type EventDeliveries = ReadonlyMap<string, readonly Static<typeof EventDelivery>[]>;

/** Whether the endpoint will come to the event: it has not tried all events up to this one, because earlier ones fail. */
function isBehind({ state, cursor, format, events }: Endpoint, { seq, type }: SequencedEvent): boolean {
  return state === 'enabled' && seq > cursor && typesFor(format, events).includes(type);
}

function untriedView({ _id: webhook_id, rest_until }: Endpoint): Static<typeof EventDelivery> {
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
