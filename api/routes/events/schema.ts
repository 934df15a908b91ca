import { type Static, Type } from 'typebox';
import type { SequencedEvent } from '../../../store/events/event-log.js';
import { closed, Id, nullable, Timestamp } from '../../schema/fields.js';
import { timestamp } from '../../timestamp.js';

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
    message: Type.Optional(Type.String({ format: 'uuid' })),
    from: Type.Optional(Timestamp),
    to: Type.Optional(Timestamp),
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'The position after which to continue.' })),
    order: Type.Enum(['asc', 'desc'], { default: 'asc' }),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
  },
  closed,
);

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
    next: nullable(Type.Integer()),
    forgotten: Type.Integer({
      description: 'Number of events after `after` that have been deleted.',
    }),
  }),
});

export function eventView({ public_id: id, type, seq: position, at, campaign, subscriber, data = {} }: SequencedEvent) {
  const { message, ...rest } = data;
  const view: Static<typeof EventView> = {
    id,
    type,
    position,
    created_at: timestamp(at),
    campaign_id: campaign ?? null,
    subscriber_id: subscriber ?? null,
    message_id: typeof message === 'string' ? message : null,
    data: rest,
  };
  return view;
}
