import type { Db } from 'mongodb';
import type { Config } from '../../config.js';
import { buildIndexes } from '../../store/indexes/build.js';
import { missingIndexes } from '../../store/indexes/missing.js';
import { demandFittingDatabase, migrate, pendingMigrations } from '../../store/migrations/migrate.js';
import { DATABASE_VERSION } from '../../store/migrations/versions.js';
import { openDatabase } from '../../store/mongo/connect.js';
import { reachableMongo } from './reachable-mongo.js';

export interface MigrateOptions {
  /** Prints what would be done and changes nothing. */
  readonly check: boolean;
}

/**
 * `everpost migrate`: brings the database to the version of this build and builds all missing indexes, however long they take.
 * With `check` the exit code is 1 if there is something to do.
 */
export async function migrateCommand(config: Config, { check }: MigrateOptions): Promise<number> {
  const mongo = await reachableMongo(config);
  try {
    const { db, close } = await openDatabase({ url: mongo.url, database: config.mongodbDatabase });
    try {
      return check ? await printPlan(db) : await bringUpToDate(db);
    } finally {
      await close();
    }
  } finally {
    await mongo.stop();
  }
}

async function printPlan(db: Db): Promise<number> {
  await demandFittingDatabase(db);
  const migrations = await pendingMigrations(db);
  const missing = await missingIndexes(db);
  for (const { version, does } of migrations) console.log(`would migrate to version ${version}: ${does}`);
  for (const line of indexLines(missing)) console.log(`would build the index ${line}`);
  if (migrations.length + missing.length > 0) return 1;
  console.log(UP_TO_DATE);
  return 0;
}

async function bringUpToDate(db: Db): Promise<number> {
  const { version, ran } = await migrate(db);
  for (const one of ran) console.log(`migrated to version ${one.version}: ${one.does}`);
  if (version > DATABASE_VERSION) {
    console.log(`The database has version ${version}: a newer build has migrated it, and owns its indexes.`);
    return 0;
  }
  for (const line of indexLines(await missingIndexes(db))) console.log(`building the index ${line}`);
  const { rest } = await buildIndexes(db);
  await rest();
  console.log(UP_TO_DATE);
  return 0;
}

const UP_TO_DATE = `The database has version ${DATABASE_VERSION}, that of this build, and all of its indexes.`;

function indexLines(missing: Awaited<ReturnType<typeof missingIndexes>>): string[] {
  return missing.flatMap(({ on, indexes }) =>
    indexes.map(({ keys, serves }) => `of ${on} ${JSON.stringify(keys)}: ${serves}`),
  );
}
