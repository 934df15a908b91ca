import { Readable } from 'node:stream';
import { type SubscriberImportDeps, subscriberImportActivities } from '../../../activities/subscriber/import.js';
import { storeUpload } from '../../../api/routes/imports/csv-file.js';
import { csvFileOf } from '../../../api/routes/imports/files/head.js';
import type { ColumnMapping } from '../../../domain/import/columns.js';
import type { SubscriberStatus } from '../../../domain/subscriber/subscriber.js';
import { imports } from '../../../store/imports/imports.js';
import type { Import } from '../../../store/imports/row.js';
import { importErrors, importRows } from '../../../store/imports/rows.js';
import { lists } from '../../../store/lists/lists.js';
import { blobs } from '../../../store/mongo/blobs.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { customFields } from '../../../store/subscribers/custom-fields.js';
import { testDatabase } from '../servers/test-servers.js';

export const ACCOUNT = 1;

export interface Upload {
  readonly dry_run?: boolean;
  readonly tags?: readonly string[];
  readonly mapping?: ColumnMapping;
  readonly encoding?: string;
  readonly statuses?: Readonly<Record<string, SubscriberStatus>>;
  readonly headerRow?: number;
}

export type ImportFixture = Awaited<ReturnType<typeof importFixture>>;

/** A database with one empty list, and everything an import is made of. */
export async function importFixture() {
  const database = await testDatabase();
  const store = await openStore({ url: database.url, database: database.name });
  const stores = {
    imports: imports(store),
    importRows: importRows(store),
    importErrors: importErrors(store),
    blobs: blobs(store),
    customFields: customFields(store),
  };
  return {
    store,
    database,
    ...stores,
    aList: () => aList(store),
    /** A stored upload, accepted and waiting. */
    anImport: (list: number, csv: string | Buffer, upload: Upload = {}) => accepted(stores, list, csv, upload),
    activities: (more: Partial<SubscriberImportDeps> = {}) =>
      subscriberImportActivities({
        ...stores,
        activityContext: () => ({ cancelled: new AbortController().signal, heartbeat: () => undefined }),
        stopping: new AbortController().signal,
        ...more,
      }),
    row: async (id: number): Promise<Import> => {
      const row = await stores.imports.find(ACCOUNT, id);
      if (typeof row === 'string') throw new Error(`Import ${id} is ${row}`);
      return row;
    },
    errorsOf: async (id: number) => {
      const errors = [];
      for await (const error of stores.importErrors.read(ACCOUNT, id, Number.MAX_SAFE_INTEGER)) errors.push(error);
      return errors;
    },
    people: (list: number) =>
      store.db.collection('subscribers').find({ list_id: list }).sort({ email_key: 1 }).toArray(),
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
}

async function aList(store: Store): Promise<number> {
  return (await lists(store).create(ACCOUNT, { name: 'News' }))._id;
}

type Stores = Pick<SubscriberImportDeps, 'imports' | 'blobs'>;

async function accepted(stores: Stores, list: number, csv: string | Buffer, upload: Upload): Promise<Import> {
  const { imports, blobs } = stores;
  const row = await imports.openUpload(ACCOUNT, list, blobs.newId());
  const { mapping = {}, encoding, tags = [], statuses = {}, headerRow } = upload;
  const request = { name: 'people.csv', limit: 10_000_000, encoding };
  const source = Readable.from([Buffer.from(csv as string)]);
  const stored = await storeUpload(source, blobs.write(ACCOUNT, row.blob, request.name), request);
  const words = new Map(Object.entries(statuses));
  const options = { mapping, encoding, delimiter: undefined, statuses: words, tags, headerRow };
  return imports.accept(row, {
    file: csvFileOf(stored, options),
    dry_run: upload.dry_run ?? false,
    tags,
    origin: undefined,
  });
}
