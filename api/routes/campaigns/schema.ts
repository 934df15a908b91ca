import { type Static, Type } from 'typebox';
import { APPROVAL_DECISIONS } from '../../../domain/campaign/approval.js';
import {
  CAMPAIGN_OUTCOMES,
  CAMPAIGN_STATES,
  CAMPAIGN_STATUSES,
  type CampaignOutcome,
} from '../../../domain/campaign/campaign.js';
import { EXCLUSION_REASONS, type ExclusionReason } from '../../../domain/campaign/exclusions.js';
import { closed, Id, Line, nullable, OptionalName, PerSecond, Timestamp } from '../../schema/fields.js';
import { AddressOnly, Sender } from '../../schema/mailboxes.js';
import { pageFields } from '../../schema/paging.js';
import { Finding } from '../../schema/preview.js';
import { WaitingView } from '../../schema/waiting.js';
import { Ai } from './drafts/drafting.js';
import { CampaignSendingView, CampaignSpeedView, CampaignStats } from './statistics/schema.js';

/** Characters of an HTML body and of a text part. */
export const LONGEST_BODY = 2_000_000;

export const Hours = Type.Integer({ minimum: 1, maximum: 720 });
const OnUncertain = Type.Enum(['hold', 'resend']);

export const Settings = Type.Object(
  {
    rate_per_second: Type.Optional(PerSecond),
    on_uncertain: Type.Optional(OnUncertain),
    track_opens: Type.Optional(Type.Boolean()),
    track_clicks: Type.Optional(Type.Boolean()),
    ttl_hours: Type.Optional(Hours),
  },
  closed,
);

const content = {
  name: Type.Optional(nullable(OptionalName(255))),
  preheader: Type.Optional(nullable(Line(150))),
  text: Type.Optional(nullable(Type.String({ maxLength: LONGEST_BODY }))),
  from: Type.Optional(Sender),
  reply_to: Type.Optional(AddressOnly),
  template_id: Type.Optional(nullable(Id)),
  settings: Type.Optional(Settings),
  approval: Type.Optional(Type.Boolean({ description: 'The campaign is sent only after an approver approves it.' })),
  approval_expires_hours: Type.Optional(Hours),
};
const Html = Type.String({ minLength: 1, maxLength: LONGEST_BODY });
const Content = Type.String({ minLength: 1, maxLength: LONGEST_BODY, description: 'Another name of `html`.' });

export const NewCampaign = Type.Object(
  {
    list_id: Id,
    subject: Type.Optional(nullable(Line(998))),
    ...content,
    ai: Type.Optional(Ai),
    html: Type.Optional(Html),
    content: Type.Optional(Content),
    send: Type.Optional(Type.Boolean()),
    scheduled_at: Type.Optional(nullable(Timestamp)),
  },
  {
    ...closed,
    examples: [
      {
        list_id: 1,
        subject: 'Friday Roundup',
        html: '<p>Hello! Here are this week’s updates...</p>',
      },
    ],
  },
);

export const CampaignPatch = Type.Object(
  {
    list_id: Type.Optional(Id),
    subject: Type.Optional(Line(998, 1)),
    ...content,
    html: Type.Optional(Html),
    content: Type.Optional(Content),
    scheduled_at: Type.Optional(Timestamp),
  },
  closed,
);

export const CampaignSearch = Type.Object(
  {
    status: Type.Optional(Type.Enum([...CAMPAIGN_STATUSES])),
    state: Type.Optional(Type.Enum([...CAMPAIGN_STATES])),
    list_id: Type.Optional(Id),
    ...pageFields(20),
  },
  closed,
);

export const SendBody = Type.Object({ scheduled_at: Type.Optional(nullable(Timestamp)) }, closed);
export const ScheduleBody = Type.Object({ scheduled_at: nullable(Timestamp) }, closed);
export const Rate = Type.Object(
  {
    per_second: Type.Optional(PerSecond),
    rate_per_second: Type.Optional(
      nullable(Type.Integer({ minimum: 1, maximum: 100_000, description: 'Another name of `per_second`.' })),
    ),
  },
  { ...closed, examples: [{ per_second: 50 }] },
);
export const EmptyBody = Type.Object({}, closed);
export const Retry = Type.Object(
  {
    status: Type.Enum(['failed', 'uncertain', 'unsent', 'all'], {
      description: '`unsent`: recipients whom a cancel left without a mail. `all`: failed, uncertain and unsent.',
    }),
    ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1_000 })),
  },
  closed,
);

export const ApprovalDecision = Type.Object(
  {
    comment: Type.Optional(nullable(Type.String({ maxLength: 2_000 }))),
    revision: Type.Optional(Type.Integer({ minimum: 1, description: 'Refused if the text has changed since.' })),
    letter: Type.Optional(
      Type.String({ maxLength: 64, description: '`approval_letter` as it was read; another letter is not approved.' }),
    ),
  },
  closed,
);

const Count = Type.Integer();

export const SettingsView = Type.Object({
  rate_per_second: PerSecond,
  on_uncertain: OnUncertain,
  track_opens: Type.Boolean(),
  track_clicks: Type.Boolean(),
  ttl_hours: Hours,
});

const Excluded = nullable(
  Type.Object(
    Object.fromEntries(EXCLUSION_REASONS.map((reason) => [reason, Count])) as Record<ExclusionReason, typeof Count>,
    {
      description:
        'People of the list whom the freeze left out: with `recipient_count` the size of the list at that time. ' +
        'Null: not frozen to the end, or by an earlier version.',
    },
  ),
);

const view = {
  id: Id,
  name: Type.String(),
  subject: Type.String(),
  preheader: nullable(Type.String()),
  status: Type.Enum([...CAMPAIGN_STATUSES]),
  outcome: Type.Unsafe<CampaignOutcome | null>({
    type: ['string', 'null'],
    enum: [...CAMPAIGN_OUTCOMES, null],
    description: 'How the campaign ended; null: it has not ended, or had no recipients.',
  }),
  state: Type.Enum([...CAMPAIGN_STATES]),
  reason: nullable(Type.String()),
  waiting: WaitingView,
  list_id: Id,
  template_id: nullable(
    Type.Integer({
      minimum: 1,
      description:
        'The template of the body, also where it is the default; null: a whole document that no chosen template frames.',
    }),
  ),
  creation_method: Type.Enum(['ai', 'html']),
  from: nullable(Type.Object({ name: nullable(Type.String()), email: Type.String() })),
  reply_to: nullable(Type.String()),
  settings: SettingsView,
  revision: Type.Integer(),
  approval: Type.Boolean(),
  approval_expires_hours: nullable(Hours),
  approval_asked_at: nullable(Timestamp),
  approval_expires_at: nullable(Timestamp),
  approval_letter: nullable(Type.String({ description: 'Hash of the rendered letter to approve.' })),
  approval_answer: nullable(
    Type.Object({
      decision: Type.Enum([...APPROVAL_DECISIONS]),
      revision: Type.Integer(),
      letter: nullable(Type.String()),
      member_id: nullable(Id),
      comment: nullable(Type.String()),
      at: Timestamp,
    }),
  ),
  rate_per_second: PerSecond,
  recipient_count: Count,
  excluded: Excluded,
  emails_sent: Count,
  emails_failed: Count,
  opens: Count,
  clicks: Count,
  stats: CampaignStats,
  scheduled_at: nullable(Timestamp),
  sent_at: nullable(Timestamp),
  created_at: Timestamp,
  updated_at: Timestamp,
};

export const CampaignRow = Type.Object(view);

export const CampaignView = Type.Object(
  {
    ...view,
    speed: CampaignSpeedView,
    sending: CampaignSendingView,
    content: Type.String(),
    text: nullable(Type.String()),
    findings: nullable(
      Type.Array(Finding, { description: 'Findings of the check at the launch, as in `/check`; null before it.' }),
    ),
  },
  {
    examples: [
      {
        id: 7,
        subject: 'Our new pricing tiers',
        preheader: 'Plus a free 14-day trial — start anytime.',
        status: 'sent',
        outcome: 'complete_with_failures',
        list_id: 1,
        template_id: 1,
        creation_method: 'ai',
        recipient_count: 2104,
        excluded: { suppressed: 3, unsubscribed: 41, pending: 7, bounced: 5, complained: 0 },
        emails_sent: 2099,
        emails_failed: 5,
        opens: 837,
        clicks: 142,
        scheduled_at: null,
        sent_at: '2026-05-15T09:00:12+00:00',
        created_at: '2026-05-15T08:59:47+00:00',
        content: '<p>...</p>',
      },
    ],
  },
);

export type CampaignRowResponse = Static<typeof CampaignRow>;
export type CampaignResponse = Static<typeof CampaignView>;
