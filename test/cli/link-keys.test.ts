import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { listLinkKeys, rotateLinkKeys } from '../../cli/link-keys.js';
import { type Config, readConfig } from '../../config.js';
import { linkTokens } from '../../mail/tokens.js';
import { openStore, type Store } from '../../store/connect.js';
import { secrets } from '../../store/secrets.js';
import { type TestDatabase, testDatabase } from '../support/test-servers.js';

const SECRET = 'a secret for the tests';
let database: TestDatabase;
let store: Store;
let config: Config;
let said: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  config = readConfig({ MONGODB_URL: database.url, MONGODB_DATABASE: database.name, EVERPOST_SECRET: SECRET });
});
beforeEach(() => {
  said = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await store.close();
  await database.drop();
});

test('a rotation makes the key that signs from now on; what the one before has signed is still read', async () => {
  await listLinkKeys(config);
  expect(said.filter((line) => /^\d+ /.test(line))).toEqual(['1  signs and reads']);
  const before = linkTokens(await secrets(store, SECRET).ring()).forRecipient(7, 42);
  said = [];
  await rotateLinkKeys(config);
  expect(said).toEqual(['2  signs and reads', '1  reads']);
  expect(linkTokens(await secrets(store, SECRET).ring()).read(before)).toEqual({ campaign: 7, subscriber: 42 });
});
