import { type Static, Type } from 'typebox';
import { type Plan, planOf } from '../../../domain/account/plan.js';
import type { Client } from '../../../store/accounts/clients.js';
import { closed, DisplayName, Id, Line, nullable, Timestamp } from '../../schema/fields.js';
import { SenderText } from '../../schema/mailboxes.js';
import { pageFields } from '../../schema/paging.js';
import { timestamp } from '../../timestamp.js';
import { UsageSum } from '../usage.js';

/** Null: unlimited. */
function Maximum(what: string) {
  return nullable(Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description: what }));
}

const limits = {
  name: nullable(Line(100, 1)),
  subscribers: Maximum('Subscribers on all lists, in any state.'),
  campaigns: Maximum('Campaigns, in any state.'),
  senders: Maximum('Sending domains.'),
  clients: Maximum('Client accounts.'),
  emails_per_month: Maximum('Mails of campaigns and messages in a month, UTC.'),
  ai_drafts_per_month: Maximum('Texts written by a model in a month, UTC.'),
  requests_per_month: Maximum('Requests to the API in a month, UTC.'),
  requests_per_minute: nullable(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  ai: Type.Boolean({ description: 'Whether the account may use drafts by AI.' }),
};

const PlanView = Type.Object(limits);

/** A whole plan: absent limits are unlimited. */
const PlanRequest = Type.Object(
  {
    name: Type.Optional(limits.name),
    subscribers: Type.Optional(limits.subscribers),
    campaigns: Type.Optional(limits.campaigns),
    senders: Type.Optional(limits.senders),
    emails_per_month: Type.Optional(limits.emails_per_month),
    ai_drafts_per_month: Type.Optional(limits.ai_drafts_per_month),
    requests_per_month: Type.Optional(limits.requests_per_month),
    requests_per_minute: Type.Optional(limits.requests_per_minute),
    ai: Type.Optional(limits.ai),
  },
  {
    ...closed,
    description: 'The whole plan: absent limits are unlimited. `{}` lifts every limit.',
    examples: [{ name: 'Starter', subscribers: 2_000, emails_per_month: 10_000, ai: false }],
  },
);

function planView(plan: Plan): Static<typeof PlanView> {
  return { ...plan };
}

const fields = {
  mail_from: Type.Optional(
    Type.Unsafe<string | null>({
      ...SenderText,
      description: 'Default sender of campaigns and lists that name none.',
    }),
  ),
  plan: Type.Optional(PlanRequest),
};

export const NewClient = Type.Object(
  { name: DisplayName(255), ...fields },
  {
    ...closed,
    examples: [{ name: 'Corner Bakery', plan: { name: 'Starter', subscribers: 2_000, emails_per_month: 10_000 } }],
  },
);

export const ClientPatch = Type.Object(
  { name: Type.Optional(DisplayName(255)), ...fields },
  { ...closed, examples: [{ name: 'Corner Bakery & Café' }] },
);

const State = Type.Enum(['active', 'suspended']);

export const ClientSearch = Type.Object({ state: Type.Optional(State), ...pageFields(50) }, closed);

const client = {
  id: Id,
  name: Type.String(),
  state: State,
  mail_from: nullable(Type.String()),
  plan: PlanView,
  created_at: Timestamp,
};
const CLIENT_EXAMPLE = {
  id: 7,
  name: 'Corner Bakery',
  state: 'active',
  mail_from: 'Corner Bakery <hello@bakery.example>',
  plan: { ...planOf({}), name: 'Starter', subscribers: 2_000, emails_per_month: 10_000 },
  created_at: '2026-01-12T10:14:23+00:00',
};

export const ClientView = Type.Object(client, { examples: [CLIENT_EXAMPLE] });

/** A new client with the secret of its first key, which no other response shows. */
export const NewClientView = Type.Object(
  { ...client, key_id: Id, key: Type.String({ description: 'The first key of the client; shown once.' }) },
  { examples: [{ ...CLIENT_EXAMPLE, key_id: 12, key: 'evp_…' }] },
);

export const ClientKeyPath = Type.Object({ id: Id, key: Id });

export const AgencyView = Type.Object(
  {
    id: Id,
    name: Type.String(),
    clients: Type.Object({ total: Type.Integer(), active: Type.Integer(), suspended: Type.Integer() }),
    usage: UsageSum,
    plans: Type.Array(Type.Object({ name: nullable(Type.String()), clients: Type.Integer() }), {
      description: 'Number of clients on each plan, by its name.',
    }),
  },
  {
    examples: [
      {
        id: 1,
        name: 'Acme',
        clients: { total: 12, active: 11, suspended: 1 },
        usage: {
          month: '2026-05',
          emails: { used: 81_200, reserved: 2_000 },
          ai_drafts: { used: 30, reserved: 0 },
          requests: 12_040,
          subscribers: 19_900,
          campaigns: 140,
        },
        plans: [{ name: 'Starter', clients: 12 }],
      },
    ],
  },
);

export function clientView(client: Client): Static<typeof ClientView> {
  const { _id: id, name, state, mail_from, created_at } = client;
  return {
    id,
    name,
    state: state === 'suspended' ? state : 'active',
    mail_from,
    plan: planView(planOf(client)),
    created_at: timestamp(created_at),
  };
}
