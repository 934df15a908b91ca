import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { type Static, Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { guarded, guardedText } from '../../../domain/formula-guard.js';
import { tagsCell } from '../../../domain/import/tags-cell.js';
import type { FieldRules } from '../../../domain/subscriber/custom-field.js';
import type { SubscriberRequest } from '../../../domain/subscriber/subscriber.js';
import { parseMailbox } from '../../../mail/address.js';
import type { Api } from '../../api.js';
import { accountOf, principalOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { bodyReader } from '../../hooks/validation.js';
import { referencedList } from '../../references.js';
import { refusals } from '../../schema/envelope.js';
import { closed, Id } from '../../schema/fields.js';
import { inBatches } from '../../uploads.js';
import type { Deps } from '../../wiring.js';
import { BatchResult, BatchRow, fitAttributes, SubscriberBatch, subscriberView } from './schema.js';

const EXAMPLES_SHOWN = 5;

export function subscriberBatches(app: Api, deps: Deps): void {
  app.post(
    '/subscribers/batch',
    {
      schema: {
        tags: ['Subscribers'],
        summary: 'Batch upsert subscribers',
        body: SubscriberBatch,
        response: { 200: BatchResult, ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const list = (await referencedList(deps, account, request.body.list_id))._id;
      const { valid, invalid } = validated(request.body.subscribers, await deps.customFields.rules(account));
      const { reactivate = principalOf(request).accountStatus.reactivate ?? true } = request.body;
      const result = await deps.subscribers.addBatch({ account, list, source: 'batch', requests: valid, reactivate });
      const refused = [...invalid, ...result.refused.map((index) => valid[index]?.email ?? '')];
      const received = request.body.subscribers.length;
      const { created, updated, unchanged, reactivated } = result;
      return {
        data: {
          list_id: list,
          created,
          updated: updated + unchanged,
          reactivated,
          invalid: refused.length,
          skipped_over_cap: result.overCapacity.length,
          invalid_examples: refused.slice(0, EXAMPLES_SHOWN),
        },
        meta: { received, processed: received - refused.length - result.overCapacity.length },
      };
    },
  );
}

const readRow = bodyReader(BatchRow) as (row: unknown) => Static<typeof BatchRow>;

/** Splits rows into valid ones, with a mailable address and fitting attributes, and the addresses of the others. */
function validated(rows: Static<typeof SubscriberBatch>['subscribers'], rules: FieldRules) {
  const read = rows.map((row) => requestOf(row, rules));
  return {
    valid: read.filter((request) => request !== undefined),
    invalid: rows.filter((_, at) => read[at] === undefined).map(exampleOf),
  };
}

function requestOf(row: unknown, rules: FieldRules): SubscriberRequest | undefined {
  const checked = isRow(row) ? checkedRow(row) : undefined;
  const address = checked && parseMailbox(checked.email);
  if (checked === undefined || address === undefined) return undefined;
  const { email: _email, ...fields } = checked;
  const person = fitAttributes(fields, rules);
  return 'faults' in person ? undefined : { ...person, email: address.shown, email_key: address.identity };
}

function isRow(row: unknown): row is { readonly email?: unknown } {
  return typeof row === 'object' && row !== null && !Array.isArray(row);
}

/** Undefined where a field of the row is invalid. */
function checkedRow(row: object): Static<typeof BatchRow> | undefined {
  try {
    return readRow(row);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function exampleOf(row: unknown): string {
  const shown = isRow(row) ? row.email : row;
  return (typeof shown === 'string' ? shown : (JSON.stringify(shown) ?? '')).slice(0, 254);
}

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
      const csv = stringify({ header: true, bom: true, columns: COLUMNS });
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
      yield exportCells(subscriberView(row, suppressed));
    }
  }
}

/** An import reads each cell back as it was. Cells that begin like a formula are guarded: a spreadsheet would run them. */
function exportCells({ attributes, tags, suppressed, ...cells }: ReturnType<typeof subscriberView>) {
  return {
    ...cells,
    email: guarded(cells.email),
    first_name: guardedText(cells.first_name),
    last_name: guardedText(cells.last_name),
    source: guarded(cells.source),
    suppressed: String(suppressed),
    tags: guarded(tagsCell(tags)),
    attributes: JSON.stringify(attributes),
  };
}
