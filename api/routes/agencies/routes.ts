import { now } from '../../../clock.js';
import { monthOf, planOf } from '../../../domain/account/plan.js';
import type { Client } from '../../../store/accounts/clients.js';
import type { Api } from '../../api.js';
import { Data, refusals } from '../../schema/envelope.js';
import type { Deps } from '../../wiring.js';
import { agencyOf } from './caller.js';
import { AgencyView } from './schema.js';

/** Totals of an agency in one response. */
export function agency(app: Api, deps: Deps): void {
  app.get(
    '/agency',
    {
      schema: {
        tags: ['Agency'],
        summary: 'Retrieve totals of the agency',
        response: { 200: Data(AgencyView), ...refusals },
      },
    },
    async (request) => {
      const { _id: id, name } = await deps.accounts.settings(agencyOf(request));
      const found = await deps.clients.ofAgency(id);
      const suspended = found.filter(({ state }) => state === 'suspended').length;
      const counts = { total: found.length, active: found.length - suspended, suspended };
      const month = monthOf(now());
      const {
        senders,
        clients: _none,
        ...usage
      } = await deps.usage.of(
        found.map(({ _id }) => _id),
        month,
      );
      return { data: { id, name, clients: counts, usage: { month, ...usage }, plans: byPlan(found) } };
    },
  );
}

function byPlan(found: readonly Client[]) {
  const counts = new Map<string | null, number>();
  for (const { name } of found.map(planOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, clients]) => ({ name, clients }));
}
