import { type TSchema, Type } from 'typebox';
import { EVENT_TYPES } from '../domain/event-types.js';
import { fieldsOf } from '../domain/events/event-kind.js';
import { EVENTS } from '../domain/events/event-kinds.js';
import { MESSAGE_STATES } from '../domain/message/message.js';
import { EVENT_SAMPLES } from '../domain/webhook/samples.js';
import { deliveryBody } from '../web/webhook/body.js';
import { SubscriberView } from './routes/subscribers/schema.js';
import { Id, nullable, Timestamp } from './schema/fields.js';

const Text = Type.String();
const TextOrNull = nullable(Text);
const Count = Type.Integer({ minimum: 0 });
const Uuid = Type.String({ format: 'uuid' });

/** The fields of an event's data, by name; by noun and name where a noun has a meaning of its own for it. */
const FIELDS: Readonly<Record<string, TSchema>> = {
  accepted: Count,
  attempt: Type.Integer({ minimum: 1 }),
  by: Type.Enum(['person', 'machine']),
  'subscriber.by': Type.Enum(['api', 'link', 'one_click', 'preferences', 'mail']),
  class: Text,
  code: TextOrNull,
  complaints: Count,
  unrendered: Count,
  created_at: Timestamp,
  detail: TextOrNull,
  draft: Type.Integer({ minimum: 1 }),
  from: Count,
  group: Uuid,
  hard: Type.Boolean(),
  'campaign.hard': Count,
  ip: { ...TextOrNull, description: 'The network of the visitor.' },
  issue: Text,
  key: Id,
  kind: Text,
  late: Type.Boolean(),
  link: Count,
  name: Text,
  newsletter: Id,
  next: { ...nullable(Timestamp), description: 'The time of the next attempt; null: there is none.' },
  prefix: Text,
  reason: Text,
  'draft.reason': TextOrNull,
  reply: TextOrNull,
  role: Type.Enum(['to', 'cc', 'bcc']),
  rule: { ...TextOrNull, description: 'Why a visit counts as that of a machine.' },
  scheduled_at: Timestamp,
  seconds_behind: Type.Integer(),
  since: Timestamp,
  to: Count,
  token: Text,
  url: Text,
  user_agent: Text,
  webhook: Id,
};

/** Rows that an event is about. Of a deleted row only the id is left. */
const ROWS: Readonly<Record<string, TSchema>> = {
  Campaign: {
    ...Type.Partial(
      Type.Object({
        id: Id,
        subject: TextOrNull,
        state: Text,
        list_id: Id,
        recipient_count: Count,
        emails_sent: Count,
        emails_failed: Count,
        emails_uncertain: Count,
      }),
    ),
    required: ['id'],
  },
  Subscriber: { ...Type.Partial(Type.Object(SubscriberView.properties)), required: ['id'] },
  Message: {
    ...Type.Partial(
      Type.Object({
        id: Uuid,
        number: Id,
        to: Text,
        subject: Text,
        tags: Type.Array(Text),
        metadata: Type.Record(Text, Text),
        state: Type.Enum([...MESSAGE_STATES]),
        created_at: Timestamp,
        sent_at: nullable(Timestamp),
      }),
    ),
    required: ['id'],
  },
};

/** Schemas of the rows in webhooks, for `components`. */
export const WEBHOOK_ROWS = Object.fromEntries(Object.entries(ROWS).map(([name, row]) => [`Webhook${name}`, row]));

const rowOf = (name: string) => Type.Unsafe({ $ref: `#/components/schemas/Webhook${name}` });
const OnlyId = Type.Object({ id: Id });

/** The rows in the payload of a noun, by field; `fields` of its data that stand in a row are not repeated. */
const PAYLOADS: Readonly<Record<string, { readonly rows: Record<string, TSchema>; readonly inRows: string[] }>> = {
  campaign: { rows: { campaign: rowOf('Campaign') }, inRows: ['subject', 'emails_sent'] },
  subscriber: {
    rows: { subscriber: rowOf('Subscriber'), campaign: Type.Optional(OnlyId) },
    inRows: ['list_id', 'status', 'subscribed_at', 'unsubscribed_at'],
  },
  recipient: { rows: { campaign: OnlyId, subscriber: rowOf('Subscriber') }, inRows: [] },
  message: { rows: { message: rowOf('Message') }, inRows: ['message'] },
};

/** The payload of an event type; a field is required where every kind of the type has it. */
function dataOf(type: string): TSchema {
  const noun = type.split('.')[0] ?? '';
  const { rows, inRows } = PAYLOADS[noun] ?? { rows: { campaign: Type.Optional(OnlyId) }, inRows: [] };
  const kinds = EVENTS.filter((kind) => kind.type === type).map(fieldsOf);
  const names = [...new Set(kinds.flat())].filter((name) => !inRows.includes(name));
  const own = names.map((name) => {
    const schema = FIELDS[`${noun}.${name}`] ?? FIELDS[name];
    if (schema === undefined) throw new Error(`${type} has a field without a schema: ${name}`);
    return [name, kinds.every((fields) => fields.includes(name)) ? schema : Type.Optional(schema)];
  });
  return Type.Object({ ...rows, ...Object.fromEntries(own) });
}

const SAMPLE = { id: 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L', at: new Date('2026-05-17T10:00:00Z') };

const header = (name: string, description: string) => ({
  ...{ name, in: 'header', required: true, description },
  schema: Text,
});
const HEADERS = [
  header('webhook-id', 'The id of the event, the same at every attempt.'),
  header('webhook-timestamp', 'The time of the attempt in seconds since 1970.'),
  header('webhook-signature', 'One `v1,` signature for each secret in use, separated by spaces.'),
];

/** The delivery of an event type in the format `standard`, with a sample. */
function deliveryOf(type: string) {
  const sample = EVENT_SAMPLES[type] ?? { data: {} };
  const schema = Type.Object({ type: Type.Literal(type), timestamp: Timestamp, data: dataOf(type) });
  const value = deliveryBody('standard', { ...SAMPLE, type, ...sample });
  const causes = EVENTS.filter((kind) => kind.type === type).map(({ when }) => `- ${when}`);
  return {
    tags: ['Webhooks'],
    summary: type,
    description: [...new Set(causes)].join('\n'),
    parameters: HEADERS,
    requestBody: { required: true, content: { 'application/json': { schema, examples: { sample: { value } } } } },
    responses: { '2XX': { description: 'Delivered. Every other response is a failed attempt.' } },
  };
}

/** What Everpost sends to an endpoint, for each event type: the section `webhooks` of the OpenAPI document. */
export const WEBHOOK_OPERATIONS = Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: deliveryOf(type) }]));
