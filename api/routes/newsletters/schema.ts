import { type Static, Type } from 'typebox';
import {
  ISSUE_KINDS,
  ISSUE_REASONS,
  ISSUE_STATES,
  type IssueReason,
  OVERLAPS,
} from '../../../domain/newsletter/issue.js';
import { OVERFLOWS, SOURCE_KINDS } from '../../../domain/newsletter/source.js';
import { closed, DisplayName, Id, Line, nullable, Patterned, Timestamp } from '../../schema/fields.js';
import { AddressList, AddressOnly, Sender } from '../../schema/mailboxes.js';
import { pageFields } from '../../schema/paging.js';
import { WaitingView } from '../../schema/waiting.js';
import { Hours, Settings, SettingsView } from '../campaigns/schema.js';

const Day = Patterned('^\\d{4}-\\d{2}-\\d{2}$', 'must be a day such as 2026-12-25', {
  format: 'date',
  examples: ['2026-12-25'],
});
const numbers = (from: number, to: number) =>
  Type.Optional(Type.Array(Type.Integer({ minimum: from, maximum: to }), { minItems: 1, maxItems: to - from + 1 }));

const Calendar = Type.Object(
  {
    minutes: numbers(0, 59),
    hours: numbers(0, 23),
    days: numbers(1, 31),
    months: numbers(1, 12),
    weekdays: numbers(0, 6),
  },
  {
    ...closed,
    description: 'All given fields must match. Defaults: midnight, every day, every month. 0 is Sunday.',
  },
);

const Times = Type.Object(
  {
    cron: Type.Optional(
      Type.String({ maxLength: 200, description: 'Minute, hour, day, month, weekday.', examples: ['0 9 * * 5'] }),
    ),
    calendar: Type.Optional(Calendar),
    zone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA name (UTC).', examples: ['Europe/Berlin'] })),
    start_at: Type.Optional(nullable(Timestamp)),
    end_at: Type.Optional(nullable(Timestamp)),
    skip: Type.Optional(Type.Array(Day, { maxItems: 366, description: 'Days in the zone without an issue.' })),
    jitter_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
    overlap: Type.Optional(Type.Enum([...OVERLAPS])),
    catch_up_minutes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 525_600,
        description: 'How late an issue may begin after an outage (60).',
      }),
    ),
    lead_minutes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_080,
        description: 'From the beginning of an issue to its sending (15); its source is tried during this time.',
      }),
    ),
  },
  { ...closed, description: 'When an issue begins; either cron or calendar.' },
);

const Url = Patterned('^https?://[^\\s<>"]+$', 'must be an http:// or https:// URL', { maxLength: 2_000 });
const Source = Type.Object(
  {
    kind: Type.Enum([...SOURCE_KINDS]),
    prompt: Type.Optional(Type.String({ minLength: 5, maxLength: 2_000, description: 'For an ai source.' })),
    links: Type.Optional(
      Type.Array(Url, { maxItems: 20, description: 'Links that the text of an ai source may use.' }),
    ),
    url: Type.Optional(Url),
    max_items: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'For a feed: how many of its new items an issue takes, the newest first (10).',
      }),
    ),
    overflow: Type.Optional(
      Type.Enum([...OVERFLOWS], {
        description: 'For a feed: new items beyond max_items come in the next issue, or are skipped.',
      }),
    ),
  },
  {
    ...closed,
    description:
      'ai: prompt. feed: url of RSS, Atom or JSON Feed. json: url. data: pushed by PUT /newsletters/{id}/data.',
  },
);

const Template = Type.String({ minLength: 1, maxLength: 500_000 });
const fields = {
  name: Type.Optional(DisplayName(200)),
  list_id: Type.Optional(Id),
  schedule: Type.Optional(Times),
  source: Type.Optional(Source),
  subject: Type.Optional(nullable(Line(998))),
  preheader: Type.Optional(nullable(Line(150))),
  html: Type.Optional(nullable(Template)),
  template_id: Type.Optional(nullable(Id)),
  from: Type.Optional(Sender),
  reply_to: Type.Optional(AddressOnly),
  settings: Type.Optional(Settings),
  approval: Type.Optional(Type.Boolean({ description: 'Each issue waits for an approver.' })),
  approval_expires_hours: Type.Optional(Hours),
  on_expiry: Type.Optional(Type.Enum(['send', 'skip'])),
  max_recipients: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 100_000_000 }))),
  min_gap_minutes: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 525_600 }))),
  test_to: Type.Optional(AddressList({ maxItems: 5 }, 'Members who get a test mail of each issue before it is sent.')),
};

const EXAMPLE = {
  name: 'Acme weekly',
  list_id: 1,
  schedule: { cron: '0 9 * * 5', zone: 'Europe/Berlin', skip: ['2026-12-25'] },
  source: { kind: 'feed' as const, url: 'https://acme.example/blog.xml' },
  max_recipients: 5_000,
};

export const NewNewsletter = Type.Object(
  { ...fields, name: DisplayName(200), list_id: Id, schedule: Times, source: Source },
  { ...closed, examples: [EXAMPLE] },
);
export const NewsletterPatch = Type.Object(fields, { ...closed, examples: [{ schedule: { skip: ['2026-12-25'] } }] });
export const NewsletterSearch = Type.Object({ list_id: Type.Optional(Id), ...pageFields(50) }, closed);
export const IssueSearch = Type.Object(pageFields(50), closed);
export const Trigger = Type.Object(
  { scheduled_at: Type.Optional(Timestamp) },
  {
    ...closed,
    description:
      'Without a time: an issue of this minute, sent once it is ready. With a time: a missed time of the newsletter.',
  },
);
export const PushedBody = Type.Object(
  { data: Type.Object({}, { additionalProperties: true, minProperties: 1 }) },
  { ...closed, examples: [{ data: { headline: 'Spring sale', items: [{ title: 'Tulips', price: 4 }] } }] },
);
export const PushedView = Type.Object({
  pushed_at: Timestamp,
  deadline: nullable(
    Type.String({ format: 'date-time', description: 'Sending time of the issue that uses the data.' }),
  ),
});

const TimesView = Type.Object({
  cron: nullable(Type.String()),
  calendar: nullable(Type.Object({}, { additionalProperties: true })),
  zone: Type.String(),
  start_at: nullable(Timestamp),
  end_at: nullable(Timestamp),
  skip: Type.Array(Type.String()),
  jitter_seconds: Type.Integer(),
  overlap: Type.Enum([...OVERLAPS]),
  catch_up_minutes: Type.Integer(),
  lead_minutes: Type.Integer(),
});

export const NewsletterView = Type.Object(
  {
    id: Id,
    state: Type.Enum(['active', 'paused']),
    name: Type.String(),
    list_id: Id,
    schedule: TimesView,
    next_at: nullable({
      ...Timestamp,
      description: 'When the next issue begins. It leaves after the lead time: `send_at` of `/next`.',
    }),
    source: Type.Object({ kind: Type.Enum([...SOURCE_KINDS]) }, { additionalProperties: true }),
    subject: nullable(Type.String()),
    preheader: nullable(Type.String()),
    html: nullable(Type.String()),
    template_id: nullable(Id),
    from: nullable(Type.Object({ name: nullable(Type.String()), email: Type.String() })),
    reply_to: nullable(Type.String()),
    settings: SettingsView,
    approval: Type.Boolean(),
    approval_expires_hours: nullable(Hours),
    on_expiry: Type.Enum(['send', 'skip']),
    max_recipients: nullable(Type.Integer()),
    min_gap_minutes: nullable(Type.Integer()),
    test_to: Type.Array(Type.String()),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { examples: [{ id: 7, state: 'active', ...EXAMPLE, next_at: '2026-05-15T07:00:00+00:00' }] },
);

export const NextTime = Type.Object({
  scheduled_at: { ...Timestamp, description: 'When the issue begins: its source is tried from then on.' },
  send_at: { ...Timestamp, description: 'When it leaves.' },
  local: Type.String({
    examples: ['Fri 15 May 2026 09:00'],
    description: '`scheduled_at` in the time zone of the newsletter.',
  }),
});

export const IssueView = Type.Object(
  {
    id: Type.String(),
    kind: Type.Enum([...ISSUE_KINDS]),
    scheduled_at: Timestamp,
    send_at: Type.String({
      format: 'date-time',
      description:
        'A triggered issue is sent as soon as it is ready and approved: since when, or when it was launched.',
    }),
    state: Type.Enum([...ISSUE_STATES]),
    reason: Type.Unsafe<IssueReason | null>({ type: ['string', 'null'], enum: [...Object.keys(ISSUE_REASONS), null] }),
    detail: nullable(Type.String()),
    waiting: WaitingView,
    late: Type.Boolean({ description: 'The issue began late.' }),
    sent_late: Type.Boolean({ description: 'The issue was sent after its sending time.' }),
    subject: nullable(Type.String()),
    items_sent: nullable(Type.Integer({ description: 'Of a feed: the items in the issue.' })),
    items_left: nullable(Type.Integer({ description: 'Of a feed: new items that did not fit; see overflow.' })),
    campaign_id: nullable(Id),
    created_at: Timestamp,
    launched_at: nullable(Timestamp),
    closed_at: nullable(Timestamp),
  },
  {
    examples: [
      {
        id: '7:2026-05-15T07:00:00Z',
        kind: 'scheduled',
        state: 'skipped',
        reason: 'nothing_new',
        late: false,
        campaign_id: null,
      },
    ],
  },
);

export type NewsletterResponse = Static<typeof NewsletterView>;
