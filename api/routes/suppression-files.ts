import { Readable } from 'node:stream';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify';
import { Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import type { Api } from '../app.js';
import { accountOf } from '../auth.js';
import type { Deps } from '../deps.js';
import { Data, refusals } from '../schemas/envelope.js';
import { ImportedSearch, SuppressedMany, suppressionView } from '../schemas/suppression.js';
import { suppressMany } from '../suppress-many.js';

const tags = ['Suppressions'];
const COLUMNS = ['email', 'reason', 'evidence', 'created_at'];
const LARGEST_FILE = 5 * 1024 * 1024;
const MOST_ROWS = 50_000;

/** Suppressions as CSV: in at once, within limits; out as a stream. */
export function suppressionFiles(app: Api, deps: Deps): void {
  app.register(async (files: Api) => {
    files.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: LARGEST_FILE }, (_request, body, done) =>
      done(null, body),
    );
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
        description: 'The file as `text/csv`, up to 50,000 rows: a column `email`, or one column without a header.',
        querystring: ImportedSearch,
        consumes: ['text/csv'],
        response: { 200: Data(SuppressedMany), ...refusals },
      },
    },
    async (request) => {
      if (!Buffer.isBuffer(request.body)) throw new Failure('unsupported_media_type', undefined, 'Send text/csv.');
      const { reason = 'manual' } = request.query;
      return { data: await suppressMany(deps, accountOf(request), addressesIn(request.body), reason) };
    },
  );
}

function addressesIn(file: Buffer): string[] {
  const rows = cells(file);
  const [header = []] = rows;
  const column = header.findIndex((name) => /^e-?mail(?: address)?$/i.test(name.trim()));
  if (column < 0 && header.length > 1) throw refused('The file must have a column email.');
  const addresses = rows.slice(column < 0 ? 0 : 1).map((row) => row[Math.max(0, column)]?.trim() ?? '');
  if (addresses.length > MOST_ROWS) throw refused(`The file must not have more than ${MOST_ROWS} rows.`);
  return addresses.filter((address) => address !== '');
}

function cells(file: Buffer): string[][] {
  try {
    const options = {
      bom: true,
      delimiter: [',', ';', '\t'],
      relax_column_count: true,
      skip_empty_lines: true,
    } as const;
    return parse(file, { ...options, delimiter: [...options.delimiter], to: MOST_ROWS + 2 });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw refused('The file is not CSV.');
  }
}

function refused(sentence: string): Failure {
  return new Failure('validation_failed', { file: [sentence] });
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
      // What a stranger's server said begins perhaps like a formula: quoted away.
      const csv = stringify({ header: true, bom: true, columns: COLUMNS, escape_formulas: true });
      const rows = Readable.from(views(suppressions.everyOne(accountOf(request))));
      rows.once('error', (error) => csv.destroy(error));
      csv.once('close', () => rows.destroy());
      reply.header('content-disposition', 'attachment; filename="suppressions.csv"');
      return reply.type('text/csv; charset=utf-8').send(rows.pipe(csv) as never);
    },
  );
}

async function* views(rows: ReturnType<Deps['suppressions']['everyOne']>) {
  for await (const row of rows) yield suppressionView(row);
}
