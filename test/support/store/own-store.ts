import { afterAll, beforeAll } from 'vitest';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type TestDatabase, testDatabase } from '../servers/test-servers.js';

/** The store of a test file, on a database of its own: opened before its first test, dropped behind its last one. */
export function ownStore(options: Parameters<typeof testDatabase>[0] = {}): Store {
  let database: TestDatabase | undefined;
  let opened: Store | undefined;
  const store = (): Store => {
    if (opened === undefined) throw new Error('the store of a test file is open from its first test on');
    return opened;
  };
  beforeAll(async () => {
    database = await testDatabase(options);
    opened = await openStore({ url: database.url, database: database.name });
  });
  afterAll(async () => {
    await opened?.close();
    await database?.drop();
  });
  return {
    get db() {
      return store().db;
    },
    get ledger() {
      return store().ledger;
    },
    close: () => store().close(),
  };
}
