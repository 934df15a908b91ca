import { Type } from 'typebox';
import { closed, DisplayName, Id, Line, Mailbox, nullable } from '../../schema/fields.js';
import { pageFields } from '../../schema/paging.js';
import { tagOf } from '../dialect.js';

export const routeDefaults = { tags: [tagOf('envie')], security: [{ 'public-key': [], 'private-key': [] }] };

const Refusal = Type.Object({ status: Type.Literal('error'), error: Type.String() });
export const refusals = { '4xx': Refusal, '5xx': Refusal } as const;

const Uid = Type.String({ minLength: 1, maxLength: 64 });
const text = Type.String();
const texts = (...names: readonly string[]) => Type.Object(Object.fromEntries(names.map((name) => [name, text])));

export const NewList = Type.Object(
  {
    general: Type.Object(
      { name: DisplayName(255), description: Type.String({ minLength: 1, maxLength: 2000 }) },
      closed,
    ),
  },
  { ...closed, examples: [{ general: { name: 'string', description: 'string' } }] },
);

export const ListCreated = Type.Object({ status: text, list_uid: text });

export const ListReference = Type.Object({ list: Uid }, { ...closed, examples: [{ list: 'string' }] });

const Record = Type.Object({
  general: texts('list_uid', 'name', 'display_name', 'description'),
  defaults: texts('from_name', 'reply_to', 'subject'),
  notifications: texts('subscribe', 'unsubscribe', 'subscribe_to', 'unsubscribe_to'),
  company: Type.Object({
    name: text,
    address_1: text,
    address_2: text,
    zone_name: text,
    city: text,
    zip_code: text,
    address_format: text,
    country: texts('country_id', 'name', 'code'),
    zone: texts('zone_id', 'name', 'code'),
  }),
});

export const ListResponse = Type.Object({ status: text, data: Type.Object({ record: Record }) });

const page = { count: text, total_pages: Type.Integer(), current_page: Type.Integer() };
const Subscriber = texts('subscriber_uid', 'EMAIL', 'FNAME', 'LNAME', 'status', 'source', 'ip_address', 'date_added');

/** Lists without a UID, subscribers with one. */
export const ShowResponse = Type.Object({
  status: text,
  data: Type.Union([
    Type.Object({ ...page, next_page: Type.Integer(), records: Type.Array(Record) }),
    Type.Object({ ...page, records: Type.Array(Subscriber) }),
  ]),
});

export const ShowQuery = Type.Object({ UID: Type.Optional(Uid), ...pageFields(50) }, closed);
export const ShowBody = Type.Object({ UID: Type.Optional(Uid) }, closed);
export const ShowPath = Type.Object({ uid: Uid });

export const SingleEmail = Type.Object(
  {
    to_name: DisplayName(255),
    to_email: Mailbox,
    from_name: DisplayName(255),
    from_email: Mailbox,
    reply_to_name: DisplayName(255),
    reply_to_email: Mailbox,
    subject: Line(998, 1),
    body: Type.String({ minLength: 1, pattern: '\\S' }),
    plain_text: Type.Optional(nullable(Type.String())),
    attachments: Type.Optional(
      nullable(
        Type.Array(Type.Object({ data: text, name: Line(200, 1), mime: Line(255, 1) }, closed), { maxItems: 20 }),
      ),
    ),
  },
  {
    ...closed,
    examples: [
      {
        to_name: 'Ada',
        to_email: 'ada@example.org',
        from_name: 'Acme',
        from_email: 'hello@acme.example',
        reply_to_name: 'Acme',
        reply_to_email: 'hello@acme.example',
        subject: 'Hello',
        body: '<html><body><p>Hello</p></body></html>',
      },
    ],
  },
);

/** The document shows no response: this one is Everpost's. */
export const Sent = Type.Object(
  { status: text, message: Type.Object({ id: Id, token: text }) },
  { examples: [{ status: 'success', message: { id: 42, token: '01890a5d-ac96-774b-bcce-b302099a8057' } }] },
);
