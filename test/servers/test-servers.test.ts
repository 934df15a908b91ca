import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { testDatabase, testTemporal } from '../support/servers/test-servers.js';

test('every test file gets an empty database of its own, which is emptied for a later file when it is dropped', async () => {
  const database = await testDatabase();
  const client = await MongoClient.connect(database.url);
  await client.db(database.name).collection('things').insertOne({ a: 1 });
  const beside = await testDatabase();
  await database.drop();
  const left = await client.db(database.name).collection('things').countDocuments();
  const later = await testDatabase();
  await client.close();
  expect(left).toBe(0);
  expect(beside.name).not.toBe(database.name);
  expect(later.name).toBe(database.name);
  await Promise.all([beside.drop(), later.drop()]);
  expect(testTemporal().address).toMatch(/:\d+$/);
});
