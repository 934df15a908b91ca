import { type Static, Type } from 'typebox';
import { planOf } from '../../../domain/account/plan.js';
import type { Client } from '../../../store/accounts/clients.js';
import { closed, Id, Line, nullable, Timestamp } from '../../schema/fields.js';
import { pageFields } from '../../schema/paging.js';
import { timestamp } from '../../timestamp.js';
import { UsageSum } from '../usage/schema.js';
import { PlanRequest, PlanView, planView } from './plan-schema.js';

const fields = {
  mail_from: Type.Optional(
    nullable(Type.String({ ...Line(320, 1), description: 'Default sender of campaigns and lists that name none.' })),
  ),
  plan: Type.Optional(PlanRequest),
};

export const NewClient = Type.Object(
  { name: Line(255, 1), ...fields },
  {
    ...closed,
    examples: [{ name: 'Corner Bakery', plan: { name: 'Starter', subscribers: 2_000, emails_per_month: 10_000 } }],
  },
);

export const ClientPatch = Type.Object(
  { name: Type.Optional(Line(255, 1)), ...fields },
  { ...closed, examples: [{ name: 'Corner Bakery & Café' }] },
);

const State = Type.Enum(['active', 'suspended']);

export const ClientSearch = Type.Object({ state: Type.Optional(State), ...pageFields(50) }, closed);

export const ClientView = Type.Object(
  {
    id: Id,
    name: Type.String(),
    state: State,
    mail_from: nullable(Type.String()),
    plan: PlanView,
    created_at: Timestamp,
  },
  {
    examples: [
      {
        id: 7,
        name: 'Corner Bakery',
        state: 'active',
        mail_from: 'Corner Bakery <hello@bakery.example>',
        plan: { ...planOf({}), name: 'Starter', subscribers: 2_000, emails_per_month: 10_000 },
        created_at: '2026-01-12T10:14:23+00:00',
      },
    ],
  },
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
