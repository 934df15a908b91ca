import { Type } from 'typebox';
import { SPEED_LIMITS } from '../../../../domain/campaign/speed.js';
import { WAITING_REASONS, type WaitingReason } from '../../../../domain/waiting/waiting.js';
import { Id, nullable, Timestamp } from '../../../schema/fields.js';

const Count = Type.Integer();

/** Each person counts once in `people`; `total` has all their visits; machines are counted separately. */
const VisitCounts = { people: Count, total: Count, machines: Count, machine_total: Count };
const HourCount = Type.Object({ people: Count, total: Count });

/** The audience by status, and the engagement with the mails. */
export const CampaignStats = Type.Object({
  recipients: Count,
  pending: Count,
  in_flight: Count,
  sent: Count,
  failed: Count,
  uncertain: Count,
  skipped: Count,
  deferred: Count,
  rounds: Count,
  opens: Type.Object(VisitCounts),
  clicks: Type.Object(VisitCounts),
  bounces: Type.Integer({
    description: 'Hard bounces: recipients refused when the mail was sent, or reported afterwards.',
  }),
  complaints: Count,
  unsubscribes: Count,
});

const VISIT_COUNTS_EXAMPLE = { people: 142, total: 181, machines: 12, machine_total: 60 };

export const StatisticsView = Type.Object(
  {
    campaign_id: Id,
    stats: CampaignStats,
    links: Type.Array(Type.Object({ n: Type.Integer(), url: Type.String(), ...VisitCounts })),
    hours: Type.Array(Type.Object({ at: Timestamp, opens: HourCount, clicks: HourCount })),
  },
  {
    examples: [
      {
        campaign_id: 7,
        links: [{ n: 1, url: 'https://shop.example/pricing', ...VISIT_COUNTS_EXAMPLE }],
        hours: [
          { at: '2026-05-15T09:00:00+00:00', opens: { people: 411, total: 502 }, clicks: { people: 88, total: 101 } },
        ],
      },
    ],
  },
);

export const CampaignSpeedView = nullable(
  Type.Object(
    {
      per_second: Type.Number({ description: 'Recipients with an outcome per second, in the last minute or more.' }),
      in_flight: Type.Integer(),
      limited_by: Type.Enum([...new Set([...SPEED_LIMITS, ...(Object.keys(WAITING_REASONS) as WaitingReason[])])]),
      detail: Type.String(),
    },
    {
      description:
        'How fast it is sent, and what keeps it from being faster, or from going on. Null before its sending and after its end: see `sending`.',
    },
  ),
);

export const CampaignSendingView = nullable(
  Type.Object(
    {
      from: { ...Timestamp, description: 'The launch.' },
      to: nullable({ ...Timestamp, description: 'The end, or since when it is paused. Null: it is being sent.' }),
      mails: Type.Integer({ description: 'Recipients whose mail was sent, has failed or is uncertain.' }),
      seconds: Type.Integer(),
      per_second: Type.Number({ description: 'Mails per second on average, with the freeze, pauses and all rounds.' }),
    },
    { description: 'The whole sending; null: it was not launched.' },
  ),
);
