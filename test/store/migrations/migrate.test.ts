import type { Db } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type MigrationPlan, migrate } from '../../../store/migrations/migrate.js';
import { DATABASE_VERSION, DatabaseVersionError, type Migration } from '../../../store/migrations/versions.js';
import { openDatabase, openStore } from '../../../store/mongo/connect.js';
import { type Process, processes } from '../../../store/processes/processes.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';

type Connection = Awaited<ReturnType<typeof openDatabase>>;
interface Run {
  readonly version: number;
  readonly isDone: boolean;
}

let database: TestDatabase;
let open: Connection;
const others: Connection[] = [];
const connect = () => openDatabase({ url: database.url, database: database.name });
const anotherProcess = async () => {
  const connection = await connect();
  others.push(connection);
  return connection;
};
beforeAll(async () => {
  database = await testDatabase();
  open = await connect();
});
beforeEach(async () => {
  for (const name of ['processes', 'migration_runs']) await open.db.collection(name).deleteMany({});
  await at(0);
});
afterEach(() => Promise.all(others.splice(0).map(({ close }) => close())));
afterAll(async () => {
  await open.close();
  await database.drop();
});

const row = () => open.db.collection<{ _id: string }>('database_version');
const stored = () => row().findOne({ _id: 'database' });
async function at(version: number): Promise<void> {
  await row().replaceOne(
    { _id: 'database' },
    { version, token: null, target: null, seen: new Date(0) },
    { upsert: true },
  );
}

/** A build whose migrations record each run, before and after `during`. */
function aBuild(count: number, during: (version: number, db: Db) => Promise<unknown> = async () => undefined) {
  const migrations = Array.from({ length: count }, (_, n): Migration => {
    const version = n + 1;
    const run = async (db: Db) => {
      const runs = db.collection('migration_runs');
      const { insertedId } = await runs.insertOne({ version, isDone: false });
      await during(version, db);
      await runs.updateOne({ _id: insertedId }, { $set: { isDone: true } });
    };
    return { version, does: `change ${version}`, run };
  });
  return { migrations, lease: 60_000, look: 5 } satisfies MigrationPlan;
}

async function runs(): Promise<[version: number, isDone: boolean][]> {
  const found = await open.db.collection<Run>('migration_runs').find().sort({ _id: 1 }).toArray();
  return found.map(({ version, isDone }) => [version, isDone]);
}

/** A promise, and what resolves it. */
function signal(): { readonly given: Promise<void>; give(): void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

test('of processes that start at once one runs each migration, in order, and all go on when it has', async () => {
  const started = await Promise.all([1, 2, 3, 4].map(anotherProcess));
  const found = await Promise.all(started.map(({ db }) => migrate(db, aBuild(3))));
  expect(found.map(({ version }) => version)).toEqual([3, 3, 3, 3]);
  expect(found.map(({ ran }) => ran.length).sort()).toEqual([0, 0, 0, 3]);
  expect(await runs()).toEqual([1, 2, 3].map((version) => [version, true]));
  expect(await migrate(open.db, aBuild(3))).toMatchObject({ ran: [] });
});

test('a process waits while another one migrates', async () => {
  const [begun, goOn] = [signal(), signal()];
  const build = aBuild(1, () => {
    begun.give();
    return goOn.given;
  });
  const first = migrate((await anotherProcess()).db, build);
  await begun.given;
  let isWaiting = true;
  const second = migrate((await anotherProcess()).db, build).finally(() => {
    isWaiting = false;
  });
  await open.db.command({ ping: 1 });
  expect(isWaiting).toBe(true);
  goOn.give();
  expect((await Promise.all([first, second])).map(({ ran }) => ran.length)).toEqual([1, 0]);
  expect(await runs()).toEqual([[1, true]]);
});

test('after a crash in the middle the next process goes on behind the last migration that was recorded', async () => {
  const dying = await connect();
  const crash = (version: number) => (version === 2 ? dying.close() : Promise.resolve());
  await expect(migrate(dying.db, aBuild(3, crash))).rejects.toThrow();
  expect(await stored()).toMatchObject({ version: 1, target: 3, token: expect.any(String) });
  // The lease of the dead process still holds: a process that starts now waits until it is over.
  const { ran } = await migrate(open.db, { ...aBuild(3), lease: 300 });
  expect(ran.map(({ version }) => version)).toEqual([2, 3]);
  expect(await runs()).toEqual([1, 2, 2, 3].map((version, n) => [version, n !== 1]));
  expect(await stored()).toMatchObject({ version: 3, token: null, target: null });
});

test('a failed migration leaves the version and the lease to the next start', async () => {
  const faulty = aBuild(2, async (version) => {
    if (version === 2) throw new Error('no space left on device');
  });
  await expect(migrate(open.db, faulty)).rejects.toThrow('no space left');
  expect(await stored()).toMatchObject({ version: 1, token: null, target: null });
  expect((await migrate(open.db, aBuild(2))).ran.map(({ version }) => version)).toEqual([2]);
});

test('a process that was suspended for longer than its lease records nothing over its successor', async () => {
  const [begun, goOn] = [signal(), signal()];
  const slow = aBuild(2, (version) => {
    if (version > 1) return Promise.resolve();
    begun.give();
    return goOn.given;
  });
  const suspended = migrate((await anotherProcess()).db, slow);
  await begun.given;
  await row().updateOne({ _id: 'database' }, { $set: { seen: new Date(0) } });
  const { ran } = await migrate(open.db, aBuild(2));
  expect(ran).toHaveLength(2);
  goOn.give();
  expect(await suspended).toMatchObject({ version: 2, ran: [] });
  expect(await runs()).toEqual([1, 1, 2].map((version) => [version, true]));
  expect(await stored()).toMatchObject({ version: 2, token: null });
});

test('a database that is newer by one version is left as it is; by more, it is refused in words', async () => {
  await at(DATABASE_VERSION + 1);
  await open.db.collection('campaigns').createIndex({ account: 1, _id: -1 });
  await open.db.collection('campaigns').dropIndex('account_1__id_-1');
  const store = await openStore({ url: database.url, database: database.name });
  await store.close();
  const names = (await open.db.collection('campaigns').indexes()).map(({ name }) => name);
  expect(names).not.toContain('account_1__id_-1');
  await at(DATABASE_VERSION + 2);
  const refused = openStore({ url: database.url, database: database.name });
  await expect(refused).rejects.toThrow(DatabaseVersionError);
  await expect(refused).rejects.toThrow(
    new RegExp(
      `has version ${DATABASE_VERSION + 2}, and this build of Everpost runs on version ${DATABASE_VERSION + 1}`,
    ),
  );
  expect(await stored()).toMatchObject({ version: DATABASE_VERSION + 2 });
});

test('a database is not migrated past a process that runs and could not read it', async () => {
  const old: Process = { _id: 'old', role: 'worker', host: 'host-1', pid: 7, settings: {} };
  await processes(open).record(old);
  await open.db.collection('processes').updateOne({}, { $unset: { database_version: true } });
  const refused = migrate(open.db, aBuild(2));
  await expect(refused).rejects.toThrow(DatabaseVersionError);
  await expect(refused).rejects.toThrow('worker 7 on host-1');
  expect(await runs()).toEqual([]);
  expect(await stored()).toMatchObject({ version: 0, token: null, target: null });
  expect(await migrate(open.db, aBuild(1))).toMatchObject({ version: 1 });
  await processes(open).stopped(old);
  expect(await migrate(open.db, aBuild(2))).toMatchObject({ version: 2 });
});

test('a new database begins at the version of its build, and one without a version at the first', async () => {
  const isNew = await testDatabase({ isNew: true });
  const connection = await openDatabase({ url: isNew.url, database: isNew.name });
  expect(await migrate(connection.db, aBuild(2))).toMatchObject({ version: 2, ran: [] });
  await connection.db.collection('database_version').deleteMany({});
  await connection.db.collection('accounts').insertOne({});
  expect((await migrate(connection.db, aBuild(2))).ran).toHaveLength(2);
  await connection.close();
  await isNew.drop();
});
