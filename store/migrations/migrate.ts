import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import { processes } from '../processes/processes.js';
import { type MigrationLease, versionRow } from './version-row.js';
import { DATABASE_VERSION, DatabaseVersionError, demandKnownVersion, MIGRATIONS, type Migration } from './versions.js';

/** What a build knows, and its times in milliseconds; tests pass others. */
export interface MigrationPlan {
  readonly migrations: readonly Migration[];
  readonly lease: number;
  /** Between two looks at the lease of another process. */
  readonly look: number;
}

const PLAN: MigrationPlan = { migrations: MIGRATIONS, lease: PROTOCOL_TIMES.lease, look: 250 };

export interface Migrated {
  /** The version of the database now. */
  readonly version: number;
  /** What this process has done. */
  readonly ran: readonly Migration[];
}

/**
 * Runs the migrations that the database lacks, one process at a time; waits while another process runs them.
 * Throws a DatabaseVersionError if the database is too new for this build, or if a process runs that is too old for the result.
 */
export async function migrate(db: Db, plan: MigrationPlan = PLAN): Promise<Migrated> {
  const { migrations, lease, look } = plan;
  const rows = versionRow(db);
  const own = migrations.length;
  for (;;) {
    const found = await rows.read();
    if (found === null) {
      await rows.begin((await isNew(db)) ? own : 0);
      continue;
    }
    demandKnownVersion(db.databaseName, found.version, own);
    if (found.version >= own) return { version: found.version, ran: [] };
    const taken = await rows.take(own, lease);
    const ran = taken === null ? null : await underLease(db, plan, taken);
    if (ran !== null) return { version: own, ran };
    await delay(look);
  }
}

/** The migrations that a database lacks. */
export async function pendingMigrations(db: Db): Promise<readonly Migration[]> {
  const version = (await versionRow(db).read())?.version ?? ((await isNew(db)) ? DATABASE_VERSION : 0);
  return MIGRATIONS.filter((one) => one.version > version);
}

/** A running process checks it after it has recorded itself: `migrate` reads the processes after it has recorded its target. */
export async function demandFittingDatabase(db: Db): Promise<void> {
  const found = await versionRow(db).read();
  demandKnownVersion(db.databaseName, Math.max(found?.version ?? 0, found?.target ?? 0), DATABASE_VERSION);
}

/** Null: another process took the lease. */
async function underLease(
  db: Db,
  { migrations, lease }: MigrationPlan,
  taken: MigrationLease,
): Promise<readonly Migration[] | null> {
  const rows = versionRow(db);
  const timer = setInterval(() => void rows.renew(taken).catch(() => undefined), lease / 4).unref();
  try {
    await demandNewProcesses(db, migrations.length);
    const pending = migrations.filter(({ version }) => version > taken.version);
    for (const { version, run } of pending) {
      await run(db);
      if (!(await rows.raise(taken, version))) return null;
    }
    return pending;
  } finally {
    clearInterval(timer);
    await rows.release(taken).catch(() => undefined);
  }
}

async function demandNewProcesses(db: Db, target: number): Promise<void> {
  const old = await processes({ db }).builtFor({ less: target - 1 });
  if (old.length === 0) return;
  const named = old.map(({ role, pid, host }) => `${role} ${pid} on ${host}`).join(', ');
  throw new DatabaseVersionError(
    `The database ${db.databaseName} cannot be migrated to version ${target} while an older build runs that cannot read it ` +
      `(${named}): stop it, or upgrade it to the release between. A killed process counts for up to three minutes.`,
  );
}

async function isNew(db: Db): Promise<boolean> {
  return (await db.listCollections({}, { nameOnly: true }).toArray()).every(({ name }) => name === 'database_version');
}
