import type { Collection, Db } from 'mongodb';
import type { SharedSettings } from '../../config/shared-settings.js';
import { DATABASE_VERSION } from '../migrations/versions.js';

export interface Process {
  readonly _id: string;
  readonly role: string;
  readonly host: string;
  readonly pid: number;
  readonly settings: SharedSettings;
}

interface ProcessRow extends Process {
  readonly started_at: Date;
  /** By the server's clock; old rows are deleted by it. */
  readonly seen: Date;
  readonly is_stopped: boolean;
  /** The version that its build brings a database to; absent for builds without versions. */
  readonly database_version?: number;
}

/** Milliseconds without a record after which a process counts as killed: two records and a half. */
const LIVE_FOR = 150_000;

/** The processes of this installation: each records its settings and reads those of the others. */
export function processes({ db }: { readonly db: Db }) {
  const rows: Collection<ProcessRow> = db.collection('processes', { readPreference: 'primary' });
  const running = { is_stopped: false, $expr: { $gt: ['$seen', { $subtract: ['$$NOW', LIVE_FOR] }] } };
  return {
    /** Records that a process runs; a repeat renews the record. Atomic: one upsert on an id that only its process writes. */
    record: async ({ _id, ...process }: Process): Promise<void> => {
      const started_at = { $ifNull: ['$started_at', '$$NOW'] };
      const row = {
        ...literals(process),
        started_at,
        seen: '$$NOW',
        is_stopped: false,
        database_version: DATABASE_VERSION,
      };
      await rows.updateOne({ _id }, [{ $set: row }], { upsert: true });
    },

    /** Atomic: one update. */
    stopped: async ({ _id }: Process): Promise<void> => {
      await rows.updateOne({ _id }, { $set: { is_stopped: true } });
    },

    /** The running processes, except one. If each process records itself first, at least one of any two sees the other. */
    running: (except?: Process): Promise<Process[]> =>
      rows
        .find({ ...running, ...(except !== undefined && { _id: { $ne: except._id } }) })
        .sort({ started_at: 1 })
        .toArray(),

    /** The running processes of builds for less than a version of the database. */
    builtFor: ({ less }: { readonly less: number }): Promise<Process[]> =>
      less <= 0 ? Promise.resolve([]) : rows.find({ ...running, database_version: { $not: { $gte: less } } }).toArray(),

    /** Whether a process runs, or was killed within the last day: none of those that stopped in order. */
    areExpected: async (): Promise<boolean> => (await rows.countDocuments({ is_stopped: false }, { limit: 1 })) > 0,

    /** The process that started last, running or not, except one; null after a day without any. */
    latest: ({ _id }: Process): Promise<Process | null> =>
      rows.findOne({ _id: { $ne: _id } }, { sort: { started_at: -1 } }),
  };
}

/** Values that an update pipeline must not read as expressions. */
function literals(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { $literal: value }]));
}
