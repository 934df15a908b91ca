import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { Type } from 'typebox';
import { guarded } from '../../../domain/formula-guard.js';
import type { RowError } from '../../../domain/import/row-reading.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { replay } from '../../hooks/idempotency.js';
import { Data, Page, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import { pageMeta, skipOf } from '../../schema/paging.js';
import type { Deps } from '../../wiring.js';
import { ImportBody, ImportOptions, ImportSearch, ImportView, importView } from './schema.js';
import { acceptUploads, receiveImport, UPLOAD_LIMIT } from './upload.js';

const tags = ['Imports'];
const ERROR_COLUMNS = ['row', 'column', 'reason', 'value'];

/** CSV files of subscribers: stored before the answer, imported by a workflow. `limit` is in bytes of the file. */
export function imports(app: Api, deps: Deps, limit: number = UPLOAD_LIMIT): void {
  app.register(async (uploads: Api) => {
    await acceptUploads(uploads);
    receiving(uploads, deps, limit);
  });
  reading(app, deps);
  errors(app, deps);
}

function receiving(app: Api, deps: Deps, limit: number): void {
  app.post(
    '/lists/:id/imports',
    {
      config: { claimsUpload: true },
      schema: {
        tags,
        summary: 'Import subscribers from a CSV file',
        description:
          'A form with a `file`, or the file itself: CSV, gzip, zip or xlsx. Subscribers who have left stay unsubscribed, and people who have left another tool are imported as such.',
        params: IdPath,
        querystring: ImportOptions,
        body: ImportBody,
        response: { 202: Data(ImportView), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const list = demandOwned(await deps.lists.find(account, request.params.id));
      const row = await receiveImport(deps, request, { account, list: list._id, limit });
      if ('kind' in row) return replay(row, reply);
      deps.engine.startImport(row);
      reply.header('location', `/api/v1/imports/${row._id}`);
      return reply.code(202).send({ data: importView(row) });
    },
  );
}

function reading(app: Api, deps: Deps): void {
  app.get(
    '/imports',
    {
      schema: {
        tags,
        summary: 'List imports',
        querystring: ImportSearch,
        response: { 200: Page(ImportView), ...refusals },
      },
    },
    async (request) => {
      const { list_id: list, state, ...at } = request.query;
      const query = { list, state };
      const { found, total } = await deps.imports.page(accountOf(request), query, skipOf(at), at.per_page);
      return { data: found.map(importView), meta: pageMeta(at, total) };
    },
  );

  app.get(
    '/imports/:id',
    {
      schema: {
        tags,
        summary: 'Retrieve the progress of an import',
        params: IdPath,
        response: { 200: Data(ImportView), ...refusals },
      },
    },
    async (request) => ({
      data: importView(demandOwned(await deps.imports.find(accountOf(request), request.params.id))),
    }),
  );
}

function errors(app: Api, deps: Deps): void {
  app.get(
    '/imports/:id/errors.csv',
    {
      schema: {
        tags,
        summary: 'List rows that were not imported, with reasons',
        params: IdPath,
        response: {
          200: { description: 'Streamed.', content: { 'text/csv': { schema: Type.String() } } },
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const { _id, account, at } = demandOwned(await deps.imports.find(accountOf(request), request.params.id));
      // The values are untrusted, so cells that begin like a formula are escaped.
      const csv = stringify({ header: true, bom: true, columns: ERROR_COLUMNS });
      const rows = Readable.from(errorCells(deps.importErrors.read(account, _id, at.row)));
      rows.once('error', (error) => csv.destroy(error));
      csv.once('close', () => rows.destroy());
      reply.header('content-disposition', `attachment; filename="import-${_id}-errors.csv"`);
      return reply.type('text/csv; charset=utf-8').send(rows.pipe(csv) as never);
    },
  );
}

async function* errorCells(errors: AsyncIterable<RowError>) {
  for await (const { row, column, reason, value } of errors) {
    yield { row, column: guarded(column), reason, value: guarded(value) };
  }
}
