import { type Static, Type } from 'typebox';
import { LONGEST_HEADER } from '../../../domain/mail/custom-headers.js';
import { MESSAGE_STATES } from '../../../domain/message/message.js';
import { closed, Id, Line, Mailbox, nullable, Timestamp } from '../../schema/fields.js';
import { From } from '../lists/schema.js';
import { byTemplate, FilledFrom } from './template-schema.js';
import { TimelineEntry } from './timeline-schema.js';

/** What one part of a mail may have; twice as much is a page of several hundred sheets. */
const LONGEST_BODY = 2_000_000;

/** `ada@example.org`, or the same with a name. */
const Person = Type.Union([Mailbox, From]);
/** A copy that cannot be made is told in the answer and stops nobody else’s. */
const Copy = Type.Union([
  Line(320),
  Type.Object({ email: Line(320), name: Type.Optional(nullable(Line(255))) }, closed),
]);
const Body = Type.Optional(nullable(Type.String({ maxLength: LONGEST_BODY })));

const Attachment = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f/\\\\\\u2028-\\u202e\\u2066-\\u2069]*$',
    }),
    mime: Type.Optional(Type.String({ maxLength: 255 })),
    data: Type.String({ description: 'Base64.' }),
    cid: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,126}[A-Za-z0-9])?$' })),
  },
  closed,
);

/** Every name, also one with a line break in it, has its value checked; which names may be is said elsewhere. */
const AnyName = Type.String({ pattern: '^[\\s\\S]*$' });

const HeaderValue = Type.String({ maxLength: LONGEST_HEADER });
const Header = Type.Union([
  HeaderValue,
  Type.Array(HeaderValue, { minItems: 1, maxItems: 10, description: 'Several fields of this name, in this order.' }),
]);

export const NewMessage = Type.Object(
  {
    to: Person,
    from: Type.Optional(Type.Union([Mailbox, From, Type.Null()])),
    reply_to: Type.Optional(Type.Union([Mailbox, From, Type.Null()])),
    cc: Type.Optional(Type.Array(Copy, { maxItems: 50 })),
    bcc: Type.Optional(Type.Array(Copy, { maxItems: 50 })),
    subject: Type.Optional(Line(998, 1)),
    preheader: Type.Optional(nullable(Line(255))),
    ...byTemplate,
    html: Body,
    text: Body,
    headers: Type.Optional(Type.Record(AnyName, Header, { maxProperties: 50 })),
    attachments: Type.Optional(Type.Array(Attachment, { maxItems: 20 })),
    tags: Type.Optional(Type.Array(Line(64, 1), { maxItems: 10 })),
    metadata: Type.Optional(Type.Record(AnyName, Line(500), { maxProperties: 50 })),
    scheduled_at: Type.Optional(nullable(Timestamp)),
    expires_at: Type.Optional(nullable(Timestamp)),
    resend_if_uncertain: Type.Optional(Type.Boolean()),
    track: Type.Optional(Type.Boolean()),
  },
  {
    ...closed,
    examples: [
      {
        to: { email: 'ada@example.org', name: 'Ada' },
        from: { email: 'receipts@acme.example', name: 'Acme' },
        subject: 'Your receipt',
        html: '<p>Thank you for your order.</p>',
        tags: ['receipt'],
        metadata: { order: '4711' },
      },
    ],
  },
);
export type MessageRequest = Static<typeof NewMessage>;

export const NewMessages = Type.Object(
  {
    messages: Type.Array(Type.Unknown({ description: 'Each as the body of `POST /messages`.' }), {
      minItems: 1,
      maxItems: 100,
    }),
  },
  {
    ...closed,
    examples: [{ messages: [{ to: 'ada@example.org', subject: 'Your code', text: '123456' }, { to: 'nobody' }] }],
  },
);

export const MessageSearch = Type.Object(
  {
    state: Type.Optional(Type.Enum([...MESSAGE_STATES])),
    tag: Type.Optional(Line(64, 1)),
    to: Type.Optional(Mailbox),
    after: Type.Optional(Type.String({ format: 'uuid' })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }),
  },
  closed,
);

/** The UUID, or the number beside it. */
export const MessagePath = Type.Object({
  id: Type.String({ pattern: '^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[1-9]\\d{0,14})$' }),
});

const MailboxView = Type.Object({ email: Type.String(), name: nullable(Type.String()) });
const Uuid = Type.String({ format: 'uuid' });

const AdditionalRecipient = Type.Object({
  email: Type.String(),
  role: Type.Enum(['cc', 'bcc']),
  id: Type.Optional(Uuid),
  error: Type.Optional(Type.String()),
});

const view = {
  id: Uuid,
  number: Id,
  state: Type.Enum([...MESSAGE_STATES]),
  role: Type.Enum(['to', 'cc', 'bcc']),
  group: Uuid,
  to: MailboxView,
  subject: Type.String(),
  template: FilledFrom,
  tags: Type.Array(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  track: Type.Boolean(),
  resend_if_uncertain: Type.Boolean(),
  message_id: Type.String(),
  attempts: Type.Integer(),
  scheduled_at: nullable(Timestamp),
  next_attempt_at: nullable(Timestamp),
  expires_at: Timestamp,
  created_at: Timestamp,
  updated_at: Timestamp,
};

export const MessageRow = Type.Object(view);

const EXAMPLE = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  number: 42,
  state: 'accepted',
  role: 'to',
  group: '01890a5d-ac96-774b-bcce-b302099a8057',
  to: { email: 'ada@example.org', name: 'Ada' },
  subject: 'Your receipt',
};

export const MessageAccepted = Type.Object(
  {
    ...view,
    additionalRecipients: Type.Array(AdditionalRecipient),
    warning: Type.Optional(Type.String()),
  },
  {
    examples: [
      {
        ...EXAMPLE,
        additionalRecipients: [
          { email: 'bo@example.org', role: 'cc', id: '01890a5d-ac96-7aa1-8d3c-5a0f3f0f8a11' },
          { email: 'nobody', role: 'bcc', error: 'invalid_address' },
        ],
      },
    ],
  },
);

const Problem = Type.Object({
  code: Type.String(),
  message: Type.String(),
  errors: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
});

/** In the order of the request: each with its message, or with why there is none. */
export const BatchAccepted = Type.Object({
  data: Type.Array(
    Type.Object({
      index: Type.Integer(),
      message: Type.Optional(MessageAccepted),
      error: Type.Optional(Problem),
    }),
  ),
  meta: Type.Object({ received: Type.Integer(), accepted: Type.Integer(), refused: Type.Integer() }),
});

export const MessageView = Type.Object(
  {
    ...view,
    from: MailboxView,
    reply_to: Type.Union([MailboxView, Type.Null()]),
    cc: Type.Array(MailboxView),
    preheader: nullable(Type.String()),
    html: nullable(Type.String()),
    text: nullable(Type.String()),
    headers: Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())])),
    attachments: Type.Array(
      Type.Object({
        name: Type.String(),
        mime: Type.String(),
        bytes: Type.Integer(),
        sha256: Type.String(),
        cid: nullable(Type.String()),
      }),
    ),
    additionalRecipients: Type.Array(AdditionalRecipient),
    timeline: Type.Array(TimelineEntry),
  },
  {
    examples: [
      {
        ...EXAMPLE,
        state: 'sent',
        timeline: [
          { at: '2026-05-15T09:00:12+00:00', event: 'accepted' },
          {
            at: '2026-05-15T09:00:12+00:00',
            event: 'deferred',
            attempt: 1,
            class: 'greylisted',
            code: '4.2.0',
            reply: 'try again later',
            until: '2026-05-15T09:01:12+00:00',
          },
          { at: '2026-05-15T09:01:13+00:00', event: 'sent', attempt: 2, code: '2.0.0', reply: 'queued as 4FzX' },
          { at: '2026-05-15T09:14:40+00:00', event: 'clicked', by: 'person', url: 'https://acme.example/orders/4711' },
        ],
      },
    ],
  },
);

export type MessageResponse = Static<typeof MessageRow>;
export type AdditionalRecipientResponse = Static<typeof AdditionalRecipient>;

export const MessagePage = Type.Object({
  data: Type.Array(MessageRow),
  meta: Type.Object({ next: nullable(Type.String()) }),
});
