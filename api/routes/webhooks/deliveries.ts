import type { Delivery } from '../../../store/webhooks/deliveries.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { DeliveryPage, DeliverySearch, deliveryView } from './schema.js';

export function webhookDeliveries(app: Api, { endpoints, deliveries }: Deps): void {
  app.get(
    '/webhooks/:id/deliveries',
    {
      schema: {
        tags: ['Webhooks'],
        summary: 'List deliveries with their responses, the newest first',
        params: IdPath,
        querystring: DeliverySearch,
        response: { 200: DeliveryPage, ...refusals },
      },
    },
    async (request) => {
      const row = demandOwned(await endpoints.find(accountOf(request), request.params.id));
      const { after, limit, ...search } = request.query;
      const cursor = after === undefined ? {} : { after: parseCursor(after) };
      const found = await deliveries.page(row, { ...search, ...cursor, limit: limit + 1 });
      const shown = found.slice(0, limit);
      const last = found.length > limit ? shown.at(-1) : undefined;
      return { data: shown.map(deliveryView), meta: { next: last === undefined ? null : formatCursor(last) } };
    },
  );
}

function formatCursor({ created_at, event }: Delivery): string {
  return `${created_at.getTime()}.${event}`;
}

function parseCursor(text: string) {
  const [at = '0', event = ''] = text.split('.');
  return { at: new Date(Number(at)), event };
}
