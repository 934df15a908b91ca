import { expect, onTestFinished, test, vi } from 'vitest';
import { rehearse } from '../../../cli/rehearse/rehearse.js';
import { readConfig } from '../../../config.js';
import { accounts } from '../../../store/accounts/accounts.js';
import { keys } from '../../../store/keys/keys.js';
import { testDatabase } from '../../support/servers/test-servers.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

test('a rehearsal in an empty database says so and makes neither account nor key', async () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  onTestFinished(() => errors.mockRestore());
  const { url } = await testDatabase();
  const config = readConfig({ MONGODB_URL: url, MONGODB_DATABASE: store.db.databaseName });
  expect(await rehearse(config, 'newsletter', 1, { issues: 1, answer: 'yes', zone: 'UTC' })).toBe(1);
  expect(errors.mock.calls.flat().join('\n')).toContain('no account yet');
  expect([await accounts(store).find(1), await keys(store).ofAccount(1)]).toEqual([null, []]);
});
