import { type Static, Type } from 'typebox';
import { WEBHOOK_FORMATS } from '../../../domain/webhook/formats.js';
import { DELIVERY_STATES, type Delivery } from '../../../store/webhooks/deliveries.js';
import type { Endpoint, EndpointReason } from '../../../store/webhooks/row.js';
import { closed, Id, Line, nullable, Timestamp } from '../../schema/fields.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import { EventId, Pattern } from '../events/schema.js';

const Url = Type.String({ maxLength: 2_000, pattern: '^[\\u0021-\\u007e]*$' });
const Patterns = Type.Array(Pattern, { minItems: 1, maxItems: 50 });
const Format = Type.Enum([...WEBHOOK_FORMATS]);

const settings = {
  description: Type.Optional(nullable(Line(255))),
  events: Type.Optional(Patterns),
  ordered: Type.Optional(
    Type.Boolean({ description: 'One delivery at a time; a failed one holds back all later events (false).' }),
  ),
};

export const NewWebhook = Type.Object(
  { url: Url, format: Type.Optional(Format), ...settings },
  {
    ...closed,
    examples: [{ url: 'https://app.example.com/hooks/everpost', events: ['campaign.*', 'message.failed'] }],
  },
);

export const WebhookPatch = Type.Object(
  {
    url: Type.Optional(Url),
    enabled: Type.Optional(
      Type.Boolean({ description: 'An endpoint that is enabled again continues where it stopped.' }),
    ),
    ...settings,
  },
  { ...closed, examples: [{ enabled: true }] },
);

const view = {
  id: Id,
  url: Type.String(),
  description: nullable(Type.String()),
  events: Type.Array(Type.String()),
  format: Format,
  ordered: Type.Boolean(),
  enabled: Type.Boolean(),
  reason: Type.Unsafe<EndpointReason | null>({
    enum: ['by_request', 'gone', 'failing', null],
    description: 'Why the endpoint is disabled.',
  }),
  consecutive_failures: Type.Integer(),
  failing_since: nullable(Timestamp),
  last_delivered_at: nullable(Timestamp),
  resting_until: {
    ...nullable(Timestamp),
    description: 'No delivery before this time, because of Retry-After or repeated failures.',
  },
  secrets: Type.Array(Type.Object({ created_at: Timestamp, expires_at: nullable(Timestamp) }), {
    description: 'The secrets in use, without their values.',
  }),
  position: Type.Integer({ description: 'Every event up to this position was attempted at least once.' }),
  created_at: Timestamp,
  updated_at: Timestamp,
};

const EXAMPLE = {
  id: 1,
  url: 'https://app.example.com/hooks/everpost',
  description: null,
  events: ['campaign.*', 'message.failed'],
  format: 'standard',
  ordered: false,
  enabled: true,
  reason: null,
  consecutive_failures: 0,
  position: 118,
};

export const WebhookView = Type.Object(view, { examples: [EXAMPLE] });

export const WebhookWithSecret = Type.Object(
  { ...view, secret: Type.String({ description: 'Shown in this response only.' }) },
  { examples: [{ ...EXAMPLE, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=' }] },
);

export const Rotation = Type.Object(
  {
    overlap_hours: Type.Integer({
      minimum: 0,
      maximum: 168,
      default: 24,
      description: 'How long the previous secret continues to sign.',
    }),
  },
  closed,
);

export const WebhookTest = Type.Object({ type: Type.Optional(Type.String({ maxLength: 64 })) }, closed);

export const Replay = Type.Object(
  { event: Type.Optional(EventId), from: Type.Optional(Timestamp), to: Type.Optional(Timestamp) },
  { ...closed, examples: [{ from: '2026-05-15T09:00:00Z', to: '2026-05-15T12:00:00Z' }] },
);

export const Replayed = Type.Object({ events: Type.Integer() }, { examples: [{ events: 118 }] });

const DeliveryAttempt = Type.Object({
  at: Timestamp,
  status: nullable(Type.Integer()),
  error: nullable(Type.String({ description: 'Why there was no response.' })),
  milliseconds: Type.Integer(),
  answer: Type.String({ description: 'The first kilobyte of the response.' }),
});

export const WebhookTestResult = Type.Object({ id: EventId, delivered: Type.Boolean(), try: DeliveryAttempt });

export const DeliverySearch = Type.Object(
  {
    state: Type.Optional(Type.Enum([...DELIVERY_STATES])),
    event: Type.Optional(EventId),
    after: Type.Optional(Type.String({ pattern: '^\\d{1,15}\\.evt_[0-9A-Za-z]{24}$' })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }),
  },
  closed,
);

export const DeliveryView = Type.Object({
  id: EventId,
  type: Type.String(),
  state: Type.Enum([...DELIVERY_STATES]),
  attempts: Type.Integer(),
  next_attempt_at: nullable(Timestamp),
  tries: Type.Array(DeliveryAttempt),
  created_at: Timestamp,
  updated_at: Timestamp,
});

export const DeliveryPage = Type.Object({
  data: Type.Array(DeliveryView),
  meta: Type.Object({ next: nullable(Type.String()) }),
});

export function webhookView(row: Endpoint, now: Date): Static<typeof WebhookView> {
  const live = row.secrets.filter(({ expires_at }) => expires_at === null || expires_at > now);
  return {
    id: row._id,
    url: row.url,
    description: row.description,
    events: [...row.events],
    format: row.format,
    ordered: row.ordered,
    enabled: row.state === 'enabled',
    reason: row.reason,
    consecutive_failures: row.failures,
    failing_since: timestampOrNull(row.failing_since),
    last_delivered_at: timestampOrNull(row.last_delivered_at),
    resting_until: timestampOrNull(row.rest_until !== null && row.rest_until > now ? row.rest_until : null),
    secrets: live.map(({ created_at, expires_at }) => ({
      created_at: timestamp(created_at),
      expires_at: timestampOrNull(expires_at),
    })),
    position: row.cursor,
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}

export function deliveryAttemptView({
  at,
  status,
  error,
  ms,
  answer,
}: Delivery['tries'][number]): Static<typeof DeliveryAttempt> {
  return { at: timestamp(at), status, error, milliseconds: ms, answer };
}

export function deliveryView(row: Delivery): Static<typeof DeliveryView> {
  const { event: id, type, state, attempts, due } = row;
  const tries = row.tries.map(deliveryAttemptView);
  const at = { created_at: timestamp(row.created_at), updated_at: timestamp(row.updated_at) };
  return { id, type, state, attempts, next_attempt_at: timestampOrNull(due), tries, ...at };
}
