import { type Static, Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import { typesOf } from '../../domain/event-types.js';
import { givenTime } from '../../domain/timestamp.js';
import type { EventQuery, SequencedEvent } from '../../store/events/event-log.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { refusals } from '../schema/envelope.js';
import { closed, Id, nullable, Timestamp } from '../schema/fields.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';

export function events(app: Api, { eventLog }: Deps): void {
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
      const query = queryFrom(request.query);
      // Sequences pending events first: the response includes every earlier event even without a worker.
      await eventLog.assignSequences(account);
      const found = await eventLog.page(account, { ...query, limit: query.limit + 1 });
      const shown = found.slice(0, query.limit);
      const next = found.length > query.limit ? (shown.at(-1)?.seq ?? null) : null;
      const { after, descending } = query;
      const forgotten =
        after === undefined || descending === true ? 0 : (await eventLog.deletedUpTo(account, after)) - after;
      return { data: shown.map(eventView), meta: { next, forgotten } };
    },
  );
}

function queryFrom({ type, from, to, order, ...rest }: Static<typeof EventSearch>): EventQuery {
  return {
    ...rest,
    descending: order === 'desc',
    ...(type !== undefined && { types: knownTypes(type) }),
    ...(from !== undefined && { from: givenTime(from) }),
    ...(to !== undefined && { to: givenTime(to) }),
  };
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

const EventPage = Type.Object({
  data: Type.Array(EventView),
  meta: Type.Object({
    next: nullable(Type.Integer()),
    forgotten: Type.Integer({
      description: 'Number of events after `after` that have been deleted.',
    }),
  }),
});

function eventView({ public_id: id, type, seq: position, at, campaign, subscriber, data = {} }: SequencedEvent) {
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
