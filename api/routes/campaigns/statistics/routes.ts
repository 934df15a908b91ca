import type { Api } from '../../../api.js';
import { accountOf } from '../../../hooks/auth.js';
import { demandOwned } from '../../../hooks/failures.js';
import { Data, refusals } from '../../../schema/envelope.js';
import { IdPath } from '../../../schema/fields.js';
import { timestamp } from '../../../timestamp.js';
import type { Deps } from '../../../wiring.js';
import { statsOf } from '../view.js';
import { StatisticsView } from './schema.js';

export function campaignStatistics(app: Api, deps: Deps): void {
  app.get(
    '/campaigns/:id/stats',
    {
      schema: {
        tags: ['Campaigns'],
        summary: 'Retrieve opens and clicks by link and by hour',
        params: IdPath,
        response: { 200: Data(StatisticsView), ...refusals },
      },
    },
    async (request) => {
      const row = demandOwned(await deps.campaigns.owned(accountOf(request), request.params.id));
      const { account, _id } = row;
      const [totals, engagement, urls] = await Promise.all([
        deps.recipients.totals(account, _id),
        deps.engagements.of(row),
        deps.links.ofCampaign(account, _id),
      ]);
      const visitsByLink = new Map(engagement.links.map((link) => [link.n, link]));
      const links = urls.map((url, i) => ({ ...NO_VISITS, ...visitsByLink.get(i + 1), n: i + 1, url }));
      const hours = engagement.hours.map(({ at, ...counts }) => ({ at: timestamp(at), ...counts }));
      return { data: { campaign_id: _id, stats: statsOf(row, totals, engagement), links, hours } };
    },
  );
}

const NO_VISITS = { people: 0, total: 0, machines: 0, machine_total: 0 } as const;
