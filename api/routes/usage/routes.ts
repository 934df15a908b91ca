import { now } from '../../../clock.js';
import { monthOf, planOf } from '../../../domain/account/plan.js';
import type { Account } from '../../../store/accounts/accounts.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { Data, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { clientOf } from '../agencies/caller.js';
import { Month, UsageView, usageView } from './schema.js';

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
