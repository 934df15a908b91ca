import type { Delivery } from '../../../store/webhook/deliveries.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { DeliveryPage, DeliverySearch, deliveryView } from '../../schemas/webhook.js';

export function webhookDeliveries(app: Api, { endpoints, deliveries }: Deps): void {
  app.get(
    '/webhooks/:id/deliveries',
    {
      schema: {
        tags: ['Webhooks'],
        summary: 'List what was delivered and how it was answered, the newest first',
        params: IdPath,
        querystring: DeliverySearch,
        response: { 200: DeliveryPage, ...refusals },
      },
    },
    async (request) => {
      const row = ours(await endpoints.find(accountOf(request), request.params.id));
      const { after, limit, ...search } = request.query;
      const place = after === undefined ? {} : { after: placeFrom(after) };
      const found = await deliveries.page(row, { ...search, ...place, limit: limit + 1 });
      const shown = found.slice(0, limit);
      const last = found.length > limit ? shown.at(-1) : undefined;
      return { data: shown.map(deliveryView), meta: { next: last === undefined ? null : cursorOf(last) } };
    },
  );
}

function cursorOf({ created_at, event }: Delivery): string {
  return `${created_at.getTime()}.${event}`;
}

function placeFrom(text: string) {
  const [at = '0', event = ''] = text.split('.');
  return { at: new Date(Number(at)), event };
}
