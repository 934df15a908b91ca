import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createAccount, listAccounts, resumeAccount, showAccount, suspendAccount } from '../../cli/accounts.js';
import { planAccount } from '../../cli/plan.js';
import { type Config, readConfig } from '../../config.js';
import { accounts } from '../../store/accounts.js';
import { audit } from '../../store/audit.js';
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

test('an account is created with its key, listed, shown, suspended and resumed', async () => {
  await createAccount(config, 'Second');
  const secret = /shown this once: (evp_\w{40})$/.exec(said.at(-1) ?? '')?.[1] ?? '';
  const id = (await keys(store).whoSends(secret))?.account ?? 0;
  expect(await accounts(store).standing(id)).toMatchObject({ kind: 'account' });
  await listAccounts(config);
  expect(said).toContain('1  active  account  Everpost');
  expect(said).toContain(`${id}  active  account  Second`);
  expect(await suspendAccount(config, id)).toBe(0);
  expect((await accounts(store).standing(id))?.state).toBe('suspended');
  expect(await showAccount(config, id)).toBe(0);
  expect(said).toContain(`${id}  suspended  account  Second`);
  expect(await resumeAccount(config, id)).toBe(0);
  expect((await accounts(store).standing(id))?.state).toBeUndefined();
});

test('what is not there is said to be missing', async () => {
  for (const command of [showAccount, suspendAccount, resumeAccount]) expect(await command(config, 999)).toBe(1);
  expect(said.at(-1)).toBe('There is no account 999.');
});

test('a plan is set as far as it is named, shown, and lifted', async () => {
  expect(await planAccount(config, 1, { name: 'Trial', subscribers: 100, ai: false })).toBe(0);
  expect(await planAccount(config, 1, { emails_per_month: 500 })).toBe(0);
  expect(said).toEqual(expect.arrayContaining(['plan: Trial', 'subscribers: 100', 'emails_per_month: 500', 'ai: off']));
  said = [];
  await planAccount(config, 1, { unlimited: true });
  expect(said).toEqual(expect.arrayContaining(['plan: none', 'subscribers: unlimited', 'ai: on']));
  expect(await audit(store).page(1, { action: 'account.plan', limit: 5 })).toMatchObject([
    { fields: ['unlimited'], by: { kind: 'cli' }, target: '1', outcome: 'done' },
    { fields: ['emails_per_month'], by: { kind: 'cli' } },
    { fields: ['name', 'subscribers', 'ai'], by: { kind: 'cli' } },
  ]);
});
