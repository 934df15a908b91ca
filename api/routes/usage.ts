import { type Static, Type } from 'typebox';
import { now } from '../../clock.js';
import { endOfMonth, monthOf, type Plan, planOf } from '../../domain/account/plan.js';
import type { Account } from '../../store/accounts/accounts.js';
import type { Meter } from '../../store/quotas/rows.js';
import type { Usage } from '../../store/quotas/usage.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { Data, refusals } from '../schema/envelope.js';
import { closed, IdPath, nullable, Patterned, Timestamp } from '../schema/fields.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';
import { clientOf } from './agencies/caller.js';

const Limit = nullable(Type.Integer({ description: 'Null: unlimited.' }));
const Count = Type.Object({ used: Type.Integer(), limit: Limit, remaining: Limit });
const Metered = Type.Object({
  used: Type.Integer(),
  reserved: Type.Integer({ description: 'Reserved for campaigns, messages and drafts in progress.' }),
  limit: Limit,
  remaining: Limit,
});

const Month = Type.Object(
  {
    month: Type.Optional(
      Patterned('^20\\d\\d-(0[1-9]|1[0-2])$', 'must be a month such as 2026-05', { examples: ['2026-05'] }),
    ),
  },
  closed,
);

const metered = { used: 8_120, reserved: 200, limit: 10_000, remaining: 1_680 };
const count = (used: number, limit: number | null) => ({
  used,
  limit,
  remaining: limit === null ? null : limit - used,
});

const UsageView = Type.Object(
  {
    month: Type.String(),
    resets_at: Timestamp,
    plan: nullable(Type.String()),
    ai: Type.Boolean(),
    emails: Metered,
    ai_drafts: Metered,
    requests: Count,
    requests_per_minute: Limit,
    subscribers: Count,
    campaigns: Count,
    senders: Count,
    clients: Count,
  },
  {
    description: 'Emails, drafts and requests of the month in UTC; all others as of now.',
    examples: [
      {
        month: '2026-05',
        resets_at: '2026-06-01T00:00:00+00:00',
        plan: 'Starter',
        ai: true,
        emails: metered,
        ai_drafts: { used: 3, reserved: 0, limit: null, remaining: null },
        requests: count(1_204, null),
        requests_per_minute: null,
        subscribers: count(1_990, 2_000),
        campaigns: count(14, null),
        senders: count(1, 3),
        clients: count(0, 0),
      },
    ],
  },
);

/** Total usage of all clients of an agency. */
export const UsageSum = Type.Object({
  month: Type.String(),
  emails: Type.Object({ used: Type.Integer(), reserved: Type.Integer() }),
  ai_drafts: Type.Object({ used: Type.Integer(), reserved: Type.Integer() }),
  requests: Type.Integer(),
  subscribers: Type.Integer(),
  campaigns: Type.Integer(),
});

function usageView(month: string, plan: Plan, usage: Usage): Static<typeof UsageView> {
  const counted = (used: number, limit: number | null) => ({ used, limit, remaining: left(limit, used) });
  const meter = ({ used, reserved }: Meter, limit: number | null) => ({
    used,
    reserved,
    limit,
    remaining: left(limit, used + reserved),
  });
  return {
    month,
    resets_at: timestamp(endOfMonth(month)),
    plan: plan.name,
    ai: plan.ai,
    emails: meter(usage.emails, plan.emails_per_month),
    ai_drafts: meter(usage.ai_drafts, plan.ai_drafts_per_month),
    requests: counted(usage.requests, plan.requests_per_month),
    requests_per_minute: plan.requests_per_minute,
    subscribers: counted(usage.subscribers, plan.subscribers),
    campaigns: counted(usage.campaigns, plan.campaigns),
    senders: counted(usage.senders, plan.senders),
    clients: counted(usage.clients, plan.clients),
  };
}

function left(limit: number | null, used: number): number | null {
  return limit === null ? null : Math.max(0, limit - used);
}

const response = { 200: Data(UsageView), ...refusals };

/** Usage of a plan, per month. */
export function accountUsage(app: Api, deps: Deps): void {
  const usageOf = async (account: Pick<Account, '_id' | 'plan'>, month = monthOf(now())) => ({
    data: usageView(month, planOf(account), await deps.usage.of([account._id], month)),
  });

  app.get(
    '/account/usage',
    {
      schema: { tags: ['Account'], summary: 'Retrieve the usage of the plan in a month', querystring: Month, response },
    },
    async (request) => usageOf(await deps.accounts.settings(accountOf(request)), request.query.month),
  );

  app.get(
    '/agency/clients/:id/usage',
    {
      schema: {
        tags: ['Agency'],
        summary: 'Retrieve the usage of a client in a month',
        params: IdPath,
        querystring: Month,
        response,
      },
    },
    async (request) => usageOf(await clientOf(deps, request), request.query.month),
  );
}
