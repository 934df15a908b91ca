import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { Type } from 'typebox';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { Data, refusals } from '../../schema/envelope.js';
import { expectAtMost, expectCsv, streamCsv } from '../../uploads.js';
import type { Deps } from '../../wiring.js';
import { ImportedSearch, SuppressionCounts, suppressionView } from './schema.js';
import { suppressMany } from './suppress-many.js';
import { uploadedAddresses } from './upload.js';

const tags = ['Suppressions'];
const COLUMNS = ['email', 'reason', 'evidence', 'created_at'];
const LARGEST_FILE = 64 * 1024 * 1024;

/** Imports and exports suppressions as CSV streams. */
export function suppressionFiles(app: Api, deps: Deps): void {
  app.register(async (files: Api) => {
    streamCsv(files);
    importing(files, deps);
  });
  exporting(app, deps);
}

function importing(app: Api, deps: Deps): void {
  app.post(
    '/suppressions/import',
    {
      bodyLimit: LARGEST_FILE,
      schema: {
        tags,
        summary: 'Suppress the addresses of a CSV file',
        description: 'The file as `text/csv`, up to 64 MiB: a column `email`, or one column without a header.',
        querystring: ImportedSearch,
        consumes: ['text/csv'],
        response: { 200: Data(SuppressionCounts), ...refusals },
      },
    },
    async (request) => {
      expectCsv(request, 'Send text/csv.');
      expectAtMost(request, LARGEST_FILE);
      const { reason = 'manual' } = request.query;
      const batches = uploadedAddresses(request.raw, LARGEST_FILE);
      return { data: await suppressMany(deps, accountOf(request), batches, reason) };
    },
  );
}

function exporting(app: Api, { suppressions }: Deps): void {
  app.get(
    '/suppressions/export',
    {
      schema: {
        tags,
        summary: 'Export all suppressed addresses as CSV',
        response: {
          200: { description: 'Streamed.', content: { 'text/csv': { schema: Type.String() } } },
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      // The reply of a foreign server may start like a formula: it is quoted.
      const csv = stringify({ header: true, bom: true, columns: COLUMNS, escape_formulas: true });
      const rows = Readable.from(views(suppressions.all(accountOf(request))));
      rows.once('error', (error) => csv.destroy(error));
      csv.once('close', () => rows.destroy());
      reply.header('content-disposition', 'attachment; filename="suppressions.csv"');
      return reply.type('text/csv; charset=utf-8').send(rows.pipe(csv) as never);
    },
  );
}

async function* views(rows: ReturnType<Deps['suppressions']['all']>) {
  for await (const row of rows) yield suppressionView(row);
}
