import { type Static, Type } from 'typebox';
import { closed, nullable, Timestamp } from '../../schema/fields.js';
import { CampaignRow } from '../campaigns/schema.js';
import { MessageRow } from '../messages/view-schema.js';

const SENT_KINDS = ['campaign', 'message'] as const;

export const SentSearch = Type.Object(
  {
    kind: Type.Optional(Type.Enum([...SENT_KINDS])),
    after: Type.Optional(Type.String({ maxLength: 200, pattern: '^[A-Za-z0-9_-]+$' })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }),
  },
  closed,
);

/** One entry: a campaign as in `GET /campaigns`, or a message as in `GET /messages`. */
const SentMail = Type.Union([
  Type.Object({ kind: Type.Literal('campaign'), begun_at: Timestamp, campaign: CampaignRow }),
  Type.Object({ kind: Type.Literal('message'), begun_at: Timestamp, message: MessageRow }),
]);

export type SentMailResponse = Static<typeof SentMail>;

export const SentPage = Type.Object({
  data: Type.Array(SentMail),
  meta: Type.Object({ next: nullable(Type.String({ description: 'The `after` of the next page.' })) }),
});
