import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { Data, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { StatisticsView } from '../../schemas/statistics.js';
import { timestamp } from '../../timestamp.js';
import { statsOf } from './view.js';

export function campaignStatistics(app: Api, deps: Deps): void {
  app.get(
    '/campaigns/:id/stats',
    {
      schema: {
        tags: ['Campaigns'],
        summary: 'Opens and clicks, link by link and hour by hour',
        params: IdPath,
        response: { 200: Data(StatisticsView), ...refusals },
      },
    },
    async (request) => {
      const row = ours(await deps.campaigns.owned(accountOf(request), request.params.id));
      const { account, _id } = row;
      const [totals, engagement, urls] = await Promise.all([
        deps.recipients.totals(account, _id),
        deps.engagements.of(row),
        deps.links.ofCampaign(account, _id),
      ]);
      const reached = new Map(engagement.links.map((link) => [link.n, link]));
      const links = urls.map((url, i) => ({ ...NOT_REACHED, ...reached.get(i + 1), n: i + 1, url }));
      const hours = engagement.hours.map(({ at, ...counts }) => ({ at: timestamp(at), ...counts }));
      return { data: { campaign_id: _id, stats: statsOf(row, totals, engagement), links, hours } };
    },
  );
}

const NOT_REACHED = { people: 0, total: 0, machines: 0, machine_total: 0 } as const;
