import { randomUUID } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import { leaseExpired, NEVER_SEEN } from '../mongo/lease.js';

/** The one row of its collection. */
interface VersionRow {
  readonly _id: 'database';
  readonly version: number;
  /** The version that the holder of the lease migrates to; null: no migration is under way. */
  readonly target: number | null;
  readonly token: string | null;
  readonly seen: Date;
}

const _id = 'database';
const FREE = { token: null, target: null, seen: NEVER_SEEN } as const;

/** A migration under way: the lease on the version of the database. */
export interface MigrationLease {
  readonly token: string;
  readonly version: number;
}

/** The version of the database, and who may change it. */
export function versionRow(db: Db) {
  const rows: Collection<VersionRow> = db.collection('database_version', {
    readPreference: 'primary',
    readConcern: { level: 'majority' },
  });
  return {
    /** Null: the database is new, or is one of a build without versions. */
    read: (): Promise<Pick<VersionRow, 'version' | 'target'> | null> => rows.findOne({ _id }),

    /** Records the version of a database without one. Atomic: one upsert that changes nothing if there is a version. */
    begin: async (version: number): Promise<void> => {
      await rows.updateOne({ _id }, { $setOnInsert: { version, ...FREE } }, { upsert: true });
    },

    /**
     * Takes the lease to migrate to `target`; null: another process has it, or the database is there already. Atomic: one
     * conditional update. Only the server's clock decides that the lease of another process is over.
     */
    take: async (target: number, lease: number): Promise<MigrationLease | null> => {
      const token = randomUUID();
      const taken = await rows.findOneAndUpdate(
        { _id, version: { $lt: target }, $expr: leaseExpired(lease) },
        [{ $set: { token, target, seen: '$$NOW' } }],
        { returnDocument: 'after' },
      );
      return taken === null ? null : { token, version: taken.version };
    },

    renew: async ({ token }: MigrationLease): Promise<void> => {
      await rows.updateOne({ _id, token }, { $currentDate: { seen: true } });
    },

    /** Records that one migration is done; false: another process took the lease. Atomic: one conditional update. */
    raise: async ({ token }: MigrationLease, version: number): Promise<boolean> => {
      const done = { $set: { version }, $currentDate: { seen: true } } as const;
      return (await rows.updateOne({ _id, token, version: version - 1 }, done)).matchedCount === 1;
    },

    release: async ({ token }: MigrationLease): Promise<void> => {
      await rows.updateOne({ _id, token }, { $set: FREE });
    },
  };
}
