import { type Static, Type } from 'typebox';
import type { Plan } from '../../../domain/account/plan.js';
import { closed, Line, nullable } from '../../schema/fields.js';

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

export const PlanView = Type.Object(limits);

/** A whole plan: absent limits are unlimited. */
export const PlanRequest = Type.Object(
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

export function planView(plan: Plan): Static<typeof PlanView> {
  return { ...plan };
}
