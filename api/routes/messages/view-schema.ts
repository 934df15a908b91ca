import { type Static, Type } from 'typebox';
import { MESSAGE_STATES } from '../../../domain/message/message.js';
import { Id, nullable, Timestamp } from '../../schema/fields.js';
import { WaitingView } from '../../schema/waiting.js';
import { Environment } from './schema.js';

/** Events of a mail after it was sent. */
export const LATER_EVENTS = ['opened', 'clicked', 'bounced', 'complained'] as const;
/** `held`: it waits for its transport or a rate, with the last error in `reply`; `resumed`: the attempt that followed. */
const TIMELINE_EVENTS = [...MESSAGE_STATES, 'scheduled', 'warning', 'held', 'resumed', ...LATER_EVENTS] as const;

const TimelineEntry = Type.Object({
  at: Timestamp,
  event: Type.Enum([...TIMELINE_EVENTS]),
  attempt: nullable(Type.Integer()),
  class: nullable(Type.String()),
  code: nullable(Type.String()),
  reply: nullable(Type.String()),
  until: nullable(Timestamp),
  /** For visits: by a person or by a program; `class` has the reason for `machine`. */
  by: Type.Optional(Type.Enum(['person', 'machine'])),
  url: Type.Optional(Type.String()),
});
export type TimelineEntryResponse = Static<typeof TimelineEntry>;

/** The template of a message. */
const FilledFrom = Type.Union([
  Type.Object({ id: Id, version: nullable(Type.Integer()), language: Type.String(), environment: Environment }),
  Type.Null(),
]);

const MailboxView = Type.Object({ email: Type.String(), name: nullable(Type.String()) });
const Uuid = Type.String({ format: 'uuid' });

const AdditionalRecipient = Type.Object({
  email: Type.String(),
  role: Type.Enum(['cc', 'bcc']),
  id: Type.Optional(Uuid),
  error: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
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
  waiting: WaitingView,
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
          { email: 'invalid', role: 'bcc', error: 'invalid_address' },
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

/** Results in the order of the request: the message, or the error. */
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
    run: Type.Union([Type.String(), Type.Null()], { description: 'Id of the workflow that carries the message.' }),
    timeline: Type.Array(TimelineEntry),
  },
  {
    examples: [
      {
        ...EXAMPLE,
        state: 'sent',
        run: 'message/01890a5d-ac96-774b-bcce-b302099a8057',
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

export const MessagePage = Type.Object({
  data: Type.Array(MessageRow),
  meta: Type.Object({ next: nullable(Type.String()) }),
});
