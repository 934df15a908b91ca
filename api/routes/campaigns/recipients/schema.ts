import { Type } from 'typebox';
import { RECIPIENT_STATUSES } from '../../../../domain/campaign/campaign.js';
import { closed, Id, nullable, Timestamp } from '../../../schema/fields.js';

/** End of the previous page; callers send it back unchanged. */
const Cursor = Type.String({ pattern: '^\\d{1,6}:\\d{1,7}:\\d{1,4}$' });

export const RecipientSearch = Type.Object(
  {
    status: Type.Optional(Type.Enum([...RECIPIENT_STATUSES])),
    after: Type.Optional(Cursor),
    limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
  },
  closed,
);

const RecipientView = Type.Object({
  subscriber_id: Id,
  email: nullable(Type.String()),
  status: Type.Enum([...RECIPIENT_STATUSES]),
  class: nullable(Type.String()),
  reply: nullable(Type.String()),
  attempts: Type.Integer(),
  message_id: nullable(Type.String()),
  updated_at: nullable(Timestamp),
});

export const RecipientPage = Type.Object(
  { data: Type.Array(RecipientView), meta: Type.Object({ next: nullable(Type.String()) }) },
  {
    examples: [
      {
        data: [
          {
            subscriber_id: 42,
            email: 'alice@example.com',
            status: 'failed',
            class: 'invalid_recipient',
            reply: 'no such user',
            attempts: 1,
            message_id: '<7.42.6bPq1mN0aZ@acme.example>',
            updated_at: '2026-05-15T09:00:12+00:00',
          },
        ],
        meta: { next: null },
      },
    ],
  },
);
