import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { issueKey, listKeys, revokeKey } from '../../cli/keys.js';
import { type Config, readConfig } from '../../config.js';
import { openStore, type Store } from '../../store/connect.js';
import { keys } from '../../store/keys.js';
import { type TestDatabase, testDatabase } from '../support/test-servers.js';

let database: TestDatabase;
let store: Store;
let config: Config;
let said: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  config = readConfig({ MONGODB_URL: database.url, MONGODB_DATABASE: database.name });
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

test('a key is issued, listed without its secret, and revoked', async () => {
  await issueKey(config, 'Website');
  const secret = /shown this once: (evp_\w{40})$/.exec(said.at(-1) ?? '')?.[1] ?? '';
  const key = await keys(store).whoSends(secret);
  expect(key).toMatchObject({ name: 'Website', state: 'active' });
  said = [];
  await listKeys(config);
  expect(said.join('\n')).toContain(`${key?._id}  ${secret.slice(0, 8)}…  active  Website`);
  expect(said.join('\n')).not.toContain(secret);
  expect(await revokeKey(config, key?._id ?? 0)).toBe(0);
  expect(await keys(store).whoSends(secret)).toMatchObject({ state: 'revoked' });
});

test('revoking what is not there says so', async () => {
  expect(await revokeKey(config, 999)).toBe(1);
  expect(said.at(-1)).toBe('There is no key 999.');
});
