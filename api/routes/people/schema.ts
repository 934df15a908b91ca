import { type Static, Type } from 'typebox';
import { RECIPIENT_STATUSES } from '../../../domain/campaign/campaign.js';
import { MESSAGE_STATES } from '../../../domain/message/message.js';
import { CAMPAIGN_ANSWERS } from '../../../domain/person/campaign-answer.js';
import { SUBSCRIBER_STATUSES } from '../../../domain/subscriber/subscriber.js';
import { SUPPRESSION_REASONS } from '../../../store/suppressions/suppressions.js';
import { closed, Id, nullable, Timestamp } from '../../schema/fields.js';
import { WaitingView } from '../../schema/waiting.js';

export const PersonPath = Type.Object({ email: Type.String({ maxLength: 1024 }) });

const Uuid = Type.String({ format: 'uuid' });

export const PersonSearch = Type.Object(
  {
    campaign: Type.Optional(
      Type.Integer({
        ...{ minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        description: '`why` says why this campaign did or did not reach the person.',
      }),
    ),
    message: Type.Optional(
      Type.String({ format: 'uuid', description: '`why` says the same of this message to the person.' }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Mails of each kind.' }),
  },
  closed,
);

const Membership = Type.Object({
  list_id: Id,
  list_name: nullable(Type.String()),
  subscriber_id: Id,
  status: Type.Enum([...SUBSCRIBER_STATUSES]),
  source: Type.String({ description: 'The origin of the row: `api`, `batch`, `import:<id>` …' }),
  created_at: Timestamp,
  subscribed_at: Timestamp,
  confirmed_at: nullable(Timestamp),
  unsubscribed_at: nullable(Timestamp),
});

const PersonSuppression = Type.Object({
  reason: Type.Enum([...SUPPRESSION_REASONS]),
  evidence: nullable(
    Type.String({ description: 'The reply, the report or the caller; null: none, or the key is restricted to lists.' }),
  ),
  since: Timestamp,
  expires_at: nullable(Timestamp),
});

const Visits = Type.Object({
  count: Type.Integer({ description: 'Visits by people.' }),
  by_machines: Type.Integer(),
  first_at: nullable(Timestamp),
  last_at: nullable(Timestamp),
});

const MailReportView = Type.Object({ at: Timestamp, class: nullable(Type.String()), reply: nullable(Type.String()) });
const maybeReport = (description: string) => Type.Union([MailReportView, Type.Null()], { description });

const reactions = {
  opens: Visits,
  clicks: Visits,
  bounced: maybeReport(
    'A report that came after the mail was accepted. Null where the server refused the mail at once: then `state` is failed, with `class` and `reply`.',
  ),
  complained: maybeReport('A complaint about the mail.'),
};

const CampaignMail = Type.Object({
  campaign_id: Id,
  subject: Type.String(),
  issue: Type.Union([Type.Object({ id: Type.String(), newsletter_id: Id }), Type.Null()], {
    description: 'The issue of a newsletter that this campaign is.',
  }),
  list_id: Id,
  subscriber_id: Id,
  launched_at: nullable(Timestamp),
  state: Type.Enum([...RECIPIENT_STATUSES]),
  class: nullable(Type.String()),
  reply: nullable(Type.String()),
  attempts: Type.Integer(),
  at: nullable(
    Type.String({
      format: 'date-time',
      description: 'When the state was recorded; for a mail that was accepted at once, the time of its ledger page.',
    }),
  ),
  ...reactions,
});

const MessageMail = Type.Object({
  message_id: Uuid,
  subject: Type.String(),
  state: Type.Enum([...MESSAGE_STATES]),
  class: nullable(Type.String()),
  reply: nullable(Type.String()),
  attempts: Type.Integer(),
  at: Timestamp,
  next_attempt_at: nullable(Timestamp),
  waiting: WaitingView,
  ...reactions,
});

const ScheduledMailView = Type.Object({
  kind: Type.Enum(['campaign', 'issue', 'message']),
  at: Timestamp,
  campaign_id: nullable(Id),
  newsletter_id: nullable(Id),
  message_id: nullable(Uuid),
  list_id: nullable(Id),
  subject: Type.String({ description: 'Of an issue, the name of its newsletter.' }),
});

const Why = Type.Object({
  campaign_id: nullable(Id),
  message_id: nullable(Uuid),
  code: Type.Enum([...new Set([...CAMPAIGN_ANSWERS, ...MESSAGE_STATES])]),
  sentence: Type.String(),
});

export const PersonView = Type.Object(
  {
    email: Type.String({ description: 'The normalized address.' }),
    lists: Type.Array(Membership, { description: 'At most 100.' }),
    suppression: Type.Union([PersonSuppression, Type.Null()]),
    campaigns: Type.Array(CampaignMail, {
      description: 'The last launch first, among the 500 latest launches to these lists.',
    }),
    messages: Type.Union([Type.Array(MessageMail), Type.Null()], {
      description: 'The newest first; null: the key is restricted to lists.',
    }),
    scheduled: Type.Array(ScheduledMailView, {
      description:
        'What the person gets if nothing changes: campaigns and the next issues of newsletters to lists on which they are ' +
        'active, and waiting messages among the 200 newest. Empty while the address is suppressed.',
    }),
    why: Type.Union([Why, Type.Null()]),
  },
  {
    examples: [
      {
        email: 'alice@example.com',
        lists: [
          {
            list_id: 1,
            list_name: 'Newsletter',
            subscriber_id: 42,
            status: 'bounced',
            source: 'api',
            created_at: '2026-05-01T08:13:00+00:00',
            subscribed_at: '2026-05-01T08:13:00+00:00',
            confirmed_at: null,
            unsubscribed_at: null,
          },
        ],
        suppression: {
          reason: 'bounce',
          evidence: '550 5.1.1 user unknown',
          since: '2026-05-08T09:00:12+00:00',
          expires_at: null,
        },
        campaigns: [],
        messages: [],
        scheduled: [],
        why: {
          campaign_id: 7,
          message_id: null,
          code: 'excluded',
          sentence:
            'Excluded at the freeze on 2026-05-15 09:00:00 UTC: suppressed since 2026-05-08 09:00:12 UTC (bounce), ' +
            'after "550 5.1.1 user unknown".',
        },
      },
    ],
  },
);

export type PersonResponse = Static<typeof PersonView>;
