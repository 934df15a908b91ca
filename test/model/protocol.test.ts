import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openStore, type Store } from '../../store/connect.js';
import { type TestDatabase, testDatabase } from '../support/test-servers.js';
import { theProtocolHolds } from './property.js';

// Between the tries of one write nobody rests here: an outage lasts as many tries as the network says.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

let database: TestDatabase;
let store: Store;
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

test.concurrent.for([1, 2, 3, 4])(
  'nobody is lost or mailed twice, whatever fails (%i)',
  { timeout: 240_000 },
  async (seed) => {
    const details = await fc.check(theProtocolHolds(store, {}), {
      seed,
      numRuns: 20,
      unbiased: true,
      endOnFailure: true,
    });
    expect(details.failed ? fc.defaultReportMessage(details) : 'holds').toBe('holds');
  },
);
