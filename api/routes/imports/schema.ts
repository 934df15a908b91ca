import { type Static, Type } from 'typebox';
import { SUBSCRIBER_LIMITS } from '../../../domain/subscriber/subscriber.js';
import type { Import } from '../../../store/imports/row.js';
import { IMPORT_STATES } from '../../../store/imports/row.js';
import { closed, Id, nullable, Timestamp } from '../../schema/fields.js';
import { pageFields } from '../../schema/paging.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';

const Mapping = Type.String({
  maxLength: 16_384,
  description: 'JSON: header → email, first_name, last_name, tags, attributes.<name>, or null to skip the column.',
  examples: ['{"Kundenmail":"email","Ort":"attributes.city","Notiz":null}'],
});
const DryRun = Type.Boolean({ description: 'Count the results of the import without changing anything.' });
const Tags = Type.String({
  maxLength: SUBSCRIBER_LIMITS.tags * 65,
  description: 'Tags for all subscribers in the file, separated by commas.',
});

/** Query parameters for a raw `text/csv` body. Forms have fields of the same names. */
export const ImportOptions = Type.Object(
  { mapping: Type.Optional(Mapping), dry_run: Type.Optional(DryRun), tags: Type.Optional(Tags) },
  closed,
);

/** Documentation only: the route reads the body as a stream, without the validator. */
export const ImportBody = {
  content: {
    'multipart/form-data': {
      schema: Type.Unsafe<unknown>({
        type: 'object',
        properties: { file: { type: 'string', format: 'binary' }, mapping: Mapping, dry_run: DryRun, tags: Tags },
      }),
    },
    'text/csv': { schema: Type.Unsafe<unknown>({ description: 'The file itself.' }) },
  },
};

export const ImportSearch = Type.Object(
  { list_id: Type.Optional(Id), state: Type.Optional(Type.Enum([...IMPORT_STATES])), ...pageFields(50) },
  closed,
);

export const ImportView = Type.Object(
  {
    id: Id,
    list_id: Id,
    state: Type.Enum([...IMPORT_STATES]),
    reason: nullable(Type.String()),
    dry_run: Type.Boolean(),
    file_name: Type.String(),
    bytes: Type.Integer(),
    encoding: Type.String(),
    delimiter: Type.String(),
    columns: Type.Array(Type.Object({ header: Type.String(), field: nullable(Type.String()) })),
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
        encoding: 'utf-8',
        delimiter: ';',
        columns: [
          { header: 'E-Mail', field: 'email' },
          { header: 'Ort', field: 'attributes.ort' },
        ],
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
  const { name: file_name, bytes, encoding, delimiter, columns } = file;
  return {
    id,
    list_id,
    state,
    reason,
    dry_run,
    file_name,
    bytes,
    encoding,
    delimiter,
    columns: columns.map((column) => ({ ...column })),
    tags: [...tags],
    progress: state === 'done' ? 1 : Math.floor((at.byte / Math.max(bytes, 1)) * 1000) / 1000,
    rows: at.row,
    ...counts,
    skipped_over_cap: counts.skipped_over_cap ?? 0,
    created_at: timestamp(row.created_at),
    started_at: timestampOrNull(row.started_at),
    finished_at: timestampOrNull(row.finished_at),
  };
}
