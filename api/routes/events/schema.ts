import { type Static, Type } from 'typebox';
import { WEBHOOK_FORMATS } from '../../../domain/webhook/formats.js';
import { DELIVERY_STATES } from '../../../store/webhooks/deliveries.js';
import { closed, Id, nullable, Timestamp } from '../../schema/fields.js';

/** A type, `campaign.*` for all types of a resource, or `*`. */
export const Pattern = Type.String({
  maxLength: 64,
  pattern: '^(?:\\*|[a-z]+\\.(?:\\*|[a-z_]+))$',
  description: 'An event type, `campaign.*` for all types of a resource, `*` for all.',
});

export const EventId = Type.String({ pattern: '^evt_[0-9A-Za-z]{24}$', examples: ['evt_7Hq2mVxT0cZkP4sWn9RbYd3L'] });

export const EventSearch = Type.Object(
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
  next_attempt_at: nullable({
    ...Timestamp,
    description: 'Of this event. Null: none, or it is tried after earlier events.',
  }),
  events_ahead: Type.Integer({
    description:
      'Earlier events that the webhook tries before this one, counted up to 10000; `GET /status` says what is wrong and when it is tried again.',
  }),
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

export const EventPage = Type.Object({
  data: Type.Array(EventView),
  meta: Type.Object({
    next: nullable(
      Type.Integer({ description: 'More events match: the value of `after` for the next page. Null: these are all.' }),
    ),
    forgotten: Type.Integer({
      description: 'Number of events after `after` that have been deleted.',
    }),
  }),
});

export type EventResponse = Static<typeof EventView>;

export type EventDeliveryResponse = Static<typeof EventDelivery>;
