import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { Type } from 'typebox';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { inBatches } from '../../in-batches.js';
import { refusals } from '../../schema/envelope.js';
import { closed, Id } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { subscriberView } from './schema.js';

const COLUMNS = [
  'id',
  'email',
  'first_name',
  'last_name',
  'status',
  'suppressed',
  'tags',
  'attributes',
  'source',
  'subscribed_at',
  'unsubscribed_at',
];

const ROWS_AT_ONCE = 1_000;

export function subscriberExport(app: Api, deps: Deps): void {
  app.get(
    '/subscribers/export',
    {
      schema: {
        tags: ['Subscribers'],
        summary: 'Export a list as CSV',
        querystring: Type.Object({ list_id: Id }, closed),
        response: {
          200: { description: 'The whole list, streamed.', content: { 'text/csv': { schema: Type.String() } } },
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const list = demandOwned(await deps.lists.find(account, request.query.list_id));
      // Cells that begin like a formula are escaped: a spreadsheet would run formulas that subscribers entered at sign-up.
      const csv = stringify({ header: true, bom: true, columns: COLUMNS, escape_formulas: true });
      const rows = Readable.from(cells(deps, account, list._id));
      rows.once('error', (error) => csv.destroy(error));
      csv.once('close', () => rows.destroy());
      reply.header('content-disposition', `attachment; filename="subscribers-${list._id}.csv"`);
      return reply.type('text/csv; charset=utf-8').send(rows.pipe(csv) as never);
    },
  );
}

async function* cells({ subscribers, suppressions }: Deps, account: number, list: number) {
  for await (const rows of inBatches(subscribers.allOnList(account, list), ROWS_AT_ONCE)) {
    const suppressed = await suppressions.among(
      account,
      rows.map(({ email_key }) => email_key),
    );
    for (const row of rows) {
      const { attributes, tags, suppressed: barred, ...cells } = subscriberView(row, suppressed);
      yield { ...cells, suppressed: String(barred), tags: tags.join(', '), attributes: JSON.stringify(attributes) };
    }
  }
}
