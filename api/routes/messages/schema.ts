import { Type } from 'typebox';
import { LONGEST_HEADER } from '../../../domain/mail/custom-headers.js';
import { MESSAGE_ENVIRONMENTS, MESSAGE_STATES } from '../../../domain/message/message.js';
import { closed, Id, Line, Mailbox, nullable, Patterned, Timestamp } from '../../schema/fields.js';
import { CopiesField, RecipientsField, Sender } from '../../schema/mailboxes.js';
import { LONGEST_BODY } from '../campaigns/schema.js';
import { personFields } from '../people/search.js';
import { Identifier, LanguageTag } from '../templates/schema.js';

const Body = Type.Optional(nullable(Type.String({ maxLength: LONGEST_BODY })));

const Attachment = Type.Object(
  {
    name: Patterned(
      '^[^\\u0000-\\u001f\\u007f-\\u009f/\\\\\\u2028-\\u202e\\u2066-\\u2069]*$',
      'must be the name of a file without a folder: no slash, backslash, control character or change of direction',
      { minLength: 1, maxLength: 200 },
    ),
    mime: Type.Optional(Type.String({ maxLength: 255 })),
    data: Type.String({ description: 'Base64.' }),
    cid: Type.Optional(
      Patterned(
        '^[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,126}[A-Za-z0-9])?$',
        'must have 1 to 128 letters, digits, dots, dashes, underscores or @, without <, > and cid:, and begin and end ' +
          'with a letter or digit; the HTML names it as cid:…',
      ),
    ),
  },
  closed,
);

/** Any name, so that the value of every field is checked; `headersFault` decides which names are allowed. */
const AnyName = Type.String({ pattern: '^[\\s\\S]*$' });

const HeaderValue = Type.String({ maxLength: LONGEST_HEADER });
const Header = Type.Union([
  HeaderValue,
  Type.Array(HeaderValue, { minItems: 1, maxItems: 10, description: 'Several fields of this name, in this order.' }),
]);

export const Environment = Type.Enum([...MESSAGE_ENVIRONMENTS], {
  description:
    'draft: the draft, for members only. testing: the draft, marked, for any recipient. live: the published version.',
});

/** The template of a message and the values for it. */
export const byTemplate = {
  template_id: Type.Optional(Id),
  identifier: Type.Optional(Identifier),
  language: Type.Optional(LanguageTag),
  environment: Type.Optional(Environment),
  context: Type.Optional(
    Type.Record(Type.String({ pattern: '^[\\s\\S]*$' }), Type.Unknown(), {
      description: 'Values for the Liquid of the template.',
    }),
  ),
};

export const NewMessage = Type.Object(
  {
    to: RecipientsField,
    from: Type.Optional(Sender),
    reply_to: Type.Optional(Sender),
    cc: Type.Optional(CopiesField),
    bcc: Type.Optional(CopiesField),
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
export const NewMessages = Type.Object(
  {
    messages: Type.Array(Type.Unknown({ description: 'Each like the body of `POST /messages`.' }), {
      minItems: 1,
      maxItems: 1_000,
    }),
  },
  {
    ...closed,
    examples: [{ messages: [{ to: 'ada@example.org', subject: 'Your code', text: '123456' }, { to: 'invalid' }] }],
  },
);

export const MessageSearch = Type.Object(
  {
    state: Type.Optional(Type.Enum([...MESSAGE_STATES])),
    tag: Type.Optional(Line(64, 1)),
    to: Type.Optional(Mailbox),
    email: Type.Optional(Type.String({ format: 'email', maxLength: 320, description: 'Another name of `to`.' })),
    subscriber_id: personFields.subscriber_id,
    after: Type.Optional(Type.String({ format: 'uuid' })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }),
  },
  closed,
);

/** The UUID or the number of a message. */
export const MessagePath = Type.Object({
  id: Type.String({ pattern: '^(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[1-9]\\d{0,14})$' }),
});
