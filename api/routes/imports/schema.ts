import { type Static, Type } from 'typebox';
import { COLUMN_FIELDS } from '../../../domain/import/column-fields.js';
import { SUBSCRIBER_LIMITS, SUBSCRIBER_STATUSES } from '../../../domain/subscriber/subscriber.js';
import { IMPORT_GUESSES, IMPORT_STATES, type Import, type SampleRow } from '../../../store/imports/row.js';
import { closed, Id, nullable, Timestamp } from '../../schema/fields.js';
import { pageFields } from '../../schema/paging.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';

const Mapping = Type.String({
  maxLength: 16_384,
  description: `JSON: header → ${COLUMN_FIELDS.join(', ')}, attributes.<name>, or null to skip the column.`,
  examples: ['{"Kundenmail":"email","Ort":"attributes.city","Notiz":null}'],
});
const DryRun = Type.Boolean({ description: 'Count the results of the import without changing anything.' });
const Tags = Type.String({
  maxLength: SUBSCRIBER_LIMITS.tags * 65,
  description: 'Tags for all subscribers in the file, separated by commas.',
});

const Encoding = Type.String({
  maxLength: 50,
  description: 'A label of the WHATWG Encoding Standard. It is guessed if it is missing.',
  examples: ['windows-1251'],
});
const DelimiterName = Type.String({
  maxLength: 10,
  description: 'A comma, `;`, `|` or `tab`. It is guessed if it is missing.',
  examples: [';'],
});
const Statuses = Type.String({
  maxLength: 16_384,
  description: `JSON: what a cell of a status column says → ${SUBSCRIBER_STATUSES.join(', ')}.`,
  examples: ['{"VIP":"active","Nope":"unsubscribed"}'],
});
const HeaderRow = Type.Integer({
  minimum: 0,
  maximum: 100,
  description: 'The row of the header as in a spreadsheet, or 0 if the file has none. It is guessed if it is missing.',
  examples: [4],
});
const options = {
  mapping: Type.Optional(Mapping),
  dry_run: Type.Optional(DryRun),
  tags: Type.Optional(Tags),
  encoding: Type.Optional(Encoding),
  delimiter: Type.Optional(DelimiterName),
  header_row: Type.Optional(HeaderRow),
  statuses: Type.Optional(Statuses),
};

/** Query parameters for a raw body. Forms have fields of the same names. */
export const ImportOptions = Type.Object(options, closed);

const FileBody = Type.Unsafe<unknown>({ description: 'The file itself.' });

/** Documentation only: the route reads the body as a stream, without the validator. */
export const ImportBody = {
  content: {
    'multipart/form-data': {
      schema: Type.Unsafe<unknown>({
        type: 'object',
        properties: { file: { type: 'string', format: 'binary' }, ...options },
      }),
    },
    'text/csv': { schema: FileBody },
    'application/gzip': { schema: FileBody },
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': { schema: FileBody },
    'application/octet-stream': { schema: FileBody },
  },
};

export const ImportSearch = Type.Object(
  { list_id: Type.Optional(Id), state: Type.Optional(Type.Enum([...IMPORT_STATES])), ...pageFields(50) },
  closed,
);

const StatusValueView = Type.Object({
  column: Type.String(),
  value: Type.String(),
  status: nullable(Type.String({ enum: [...SUBSCRIBER_STATUSES, null] as string[] })),
});
const SampleRowView = Type.Object({
  row: Type.Integer(),
  email: nullable(Type.String()),
  first_name: nullable(Type.String()),
  last_name: nullable(Type.String()),
  status: nullable(Type.String()),
  tags: Type.Array(Type.String()),
  attributes: Type.Object({}, { additionalProperties: true }),
  error: nullable(Type.String({ description: 'Why the row is not imported.' })),
});
const statusCounts = Object.fromEntries(SUBSCRIBER_STATUSES.map((status) => [status, Type.Integer()]));

export const ImportView = Type.Object(
  {
    id: Id,
    list_id: Id,
    state: Type.Enum([...IMPORT_STATES]),
    reason: nullable(Type.String()),
    dry_run: Type.Boolean(),
    file_name: Type.String(),
    bytes: Type.Integer(),
    container: Type.Enum(['csv', 'gzip', 'zip', 'xlsx']),
    format: nullable(Type.String({ description: 'The known export that the file is, such as mailchimp.' })),
    encoding: Type.String(),
    delimiter: Type.String(),
    columns: Type.Array(Type.Object({ header: Type.String(), field: nullable(Type.String()) })),
    header_row: nullable(
      Type.Integer({ description: 'The row of the header as in a spreadsheet; null if the file has none.' }),
    ),
    guessed: Type.Array(Type.Enum([...IMPORT_GUESSES]), {
      description:
        'What the request did not say. `header_row`: the header is not the first row. `addresses`: names stand beside addresses, as in `Ada <ada@shop.example>`.',
    }),
    status_values: Type.Array(StatusValueView, {
      description: 'What the first rows say in their status columns. Rows with other words are invalid.',
    }),
    sample: Type.Array(SampleRowView, { description: 'The first three rows, as they are imported.' }),
    statuses: Type.Object(statusCounts, { description: 'Valid rows by the status that they have in the file.' }),
    tags: Type.Array(Type.String()),
    progress: Type.Number({ description: 'Processed share of the file, 0 to 1.' }),
    rows: Type.Integer({ description: 'Rows read: created + updated + unchanged + invalid + skipped_over_cap.' }),
    created: Type.Integer(),
    updated: Type.Integer(),
    unchanged: Type.Integer(),
    invalid: Type.Integer(),
    skipped_over_cap: Type.Integer({ description: 'New subscribers beyond the limit of the plan.' }),
    created_at: Timestamp,
    started_at: nullable(Timestamp),
    finished_at: nullable(Timestamp),
  },
  {
    examples: [
      {
        id: 3,
        list_id: 1,
        state: 'running',
        reason: null,
        dry_run: false,
        file_name: 'people.csv',
        bytes: 524_288,
        container: 'csv',
        format: null,
        encoding: 'utf-8',
        delimiter: ';',
        columns: [
          { header: 'E-Mail', field: 'email' },
          { header: 'Ort', field: 'attributes.ort' },
        ],
        header_row: 1,
        guessed: ['encoding', 'delimiter', 'columns'],
        status_values: [],
        sample: [
          {
            row: 2,
            email: 'kai@example.org',
            first_name: null,
            last_name: null,
            status: 'active',
            tags: ['imported'],
            attributes: { ort: 'Köln' },
            error: null,
          },
        ],
        statuses: { active: 4995, pending: 0, unsubscribed: 0, bounced: 0, complained: 0 },
        tags: ['imported'],
        progress: 0.5,
        rows: 5000,
        created: 4800,
        updated: 150,
        unchanged: 45,
        invalid: 5,
        skipped_over_cap: 0,
        created_at: '2026-05-01T08:13:00+00:00',
        started_at: '2026-05-01T08:13:01+00:00',
        finished_at: null,
      },
    ],
  },
);

export function importView(row: Import): Static<typeof ImportView> {
  const { _id: id, list_id, state, reason, dry_run, file, at, counts, tags } = row;
  if (state === 'uploading' || file === null) throw new Error('An upload was shown as an import');
  const { name: file_name, bytes, encoding, delimiter, columns, guess, sample = [] } = file;
  const { statuses, ...counted } = counts;
  return {
    id,
    list_id,
    state,
    reason,
    dry_run,
    file_name,
    bytes,
    container: guess?.container ?? 'csv',
    format: file.format ?? null,
    encoding: guess?.encoding ?? encoding,
    delimiter,
    columns: columns.map((column) => ({ ...column })),
    header_row: guess?.headerRow ?? null,
    guessed: [...(guess?.guessed ?? [])],
    status_values: (guess?.status_values ?? []).map(({ column, value, status }) => ({ column, value, status })),
    sample: sample.map(sampleView),
    statuses: Object.fromEntries(SUBSCRIBER_STATUSES.map((status) => [status, statuses?.[status] ?? 0])),
    tags: [...tags],
    progress: state === 'done' ? 1 : Math.floor((at.byte / Math.max(bytes, 1)) * 1000) / 1000,
    rows: at.row,
    ...counted,
    skipped_over_cap: counts.skipped_over_cap ?? 0,
    created_at: timestamp(row.created_at),
    started_at: timestampOrNull(row.started_at),
    finished_at: timestampOrNull(row.finished_at),
  };
}

const EMPTY = { email: null, first_name: null, last_name: null, status: null, tags: [], attributes: {}, error: null };

function sampleView(row: SampleRow): Static<typeof SampleRowView> {
  return 'error' in row ? { ...EMPTY, row: row.row, error: row.error } : { ...EMPTY, ...row, tags: [...row.tags] };
}
