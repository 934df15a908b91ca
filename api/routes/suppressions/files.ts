import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { stringify } from 'csv-stringify';
import { Type } from 'typebox';
import { guarded, unguarded } from '../../../domain/formula-guard.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { claimUpload, type Repeated, replay } from '../../hooks/idempotency.js';
import { Data, refusals } from '../../schema/envelope.js';
import { expectAtMost, expectCsv, hashedBy, inBatches, limitBytes, refused, streamCsv } from '../../uploads.js';
import type { Deps } from '../../wiring.js';
import { ImportedSearch, SuppressionCounts, suppressionView, suppressMany } from './routes.js';

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
      config: { claimsUpload: true },
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
    async (request, reply) => {
      expectCsv(request, 'Send text/csv.');
      expectAtMost(request, LARGEST_FILE);
      const { reason = 'manual' } = request.query;
      let repeats: Repeated | undefined;
      const batches = uploadedAddresses(request.raw, LARGEST_FILE, async (hash) => {
        repeats = await claimUpload(deps, request, hash);
        return repeats === undefined;
      });
      const data = await suppressMany(deps, accountOf(request), batches, reason);
      return repeats === undefined ? { data } : replay(repeats, reply);
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
      const csv = stringify({ header: true, bom: true, columns: COLUMNS });
      const rows = Readable.from(views(suppressions.all(accountOf(request))));
      rows.once('error', (error) => csv.destroy(error));
      csv.once('close', () => rows.destroy());
      reply.header('content-disposition', 'attachment; filename="suppressions.csv"');
      return reply.type('text/csv; charset=utf-8').send(rows.pipe(csv) as never);
    },
  );
}

async function* views(rows: ReturnType<Deps['suppressions']['all']>) {
  for await (const row of rows) {
    const cells = suppressionView(row);
    yield { ...cells, email: guarded(cells.email ?? ''), evidence: guarded(cells.evidence ?? '') };
  }
}

const BATCH_SIZE = 1_000;
/** Maximum bytes of a record: an unclosed quote must not collect the rest of the file in memory. */
const LONGEST_ROW = 65_536;
const CSV_OPTIONS = {
  bom: true,
  delimiter: [',', ';', '\t'],
  relax_column_count: true,
  skip_empty_lines: true,
  max_record_size: LONGEST_ROW,
};

/**
 * The addresses of a CSV file, at most 1,000 at a time. Reads the file to its end first: throws `payload_too_large` beyond
 * `limit` bytes and `validation_failed` where it is not a CSV file with addresses. Yields nothing if it may not begin.
 */
export async function* uploadedAddresses(
  source: Readable,
  limit: number,
  mayBegin: (hash: string) => Promise<boolean>,
): AsyncGenerator<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'everpost-suppressions-'));
  try {
    const path = join(folder, 'upload.csv');
    const hash = createHash('sha256');
    await pipeline(source, limitBytes(limit), hashedBy(hash), createWriteStream(path));
    for await (const _ of addressesIn(path));
    if (!(await mayBegin(hash.digest('hex')))) return;
    yield* inBatches(addressesIn(path), BATCH_SIZE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* addressesIn(path: string): AsyncGenerator<string> {
  let column: number | undefined;
  for await (const row of rowsIn(path)) {
    const isFirst = column === undefined;
    column ??= columnIn(row);
    // A single column needs no header.
    if (isFirst && column >= 0) continue;
    const address = unguarded(row[Math.max(0, column)]?.trim() ?? '');
    if (address !== '') yield address;
  }
}

async function* rowsIn(path: string): AsyncGenerator<string[]> {
  const file = createReadStream(path);
  const rows = parse(CSV_OPTIONS);
  file.once('error', (error) => rows.destroy(error));
  try {
    for await (const row of file.pipe(rows)) yield row as string[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw refused('file', 'The file is not CSV.');
  } finally {
    file.destroy();
  }
}

function columnIn(header: readonly string[]): number {
  const column = header.findIndex((name) => /^e-?mail(?: address)?$/i.test(name.trim()));
  if (column < 0 && header.length > 1) throw refused('file', 'The file must have a column email.');
  return column;
}
