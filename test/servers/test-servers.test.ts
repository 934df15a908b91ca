import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { testDatabase, testTemporal } from '../support/servers/test-servers.js';

test('every test file gets a database of its own that is gone after drop', async () => {
  const database = await testDatabase();
  const client = await MongoClient.connect(database.url);
  await client.db(database.name).collection('things').insertOne({ a: 1 });
  await database.drop();
  const { databases } = await client.db().admin().listDatabases();
  await client.close();
  expect(databases.map(({ name }) => name)).not.toContain(database.name);
  expect(testTemporal().address).toMatch(/:\d+$/);
});
