import { expect, test } from 'vitest';
import {
  createAccount,
  listAccounts,
  planAccount,
  resumeAccount,
  showAccount,
  suspendAccount,
} from '../../../cli/accounts.js';
import { accounts } from '../../../store/accounts/accounts.js';
import { audit } from '../../../store/accounts/audit.js';
import { keys } from '../../../store/keys/keys.js';
import { commandLine } from '../../support/everpost/command-line.js';

const cli = commandLine();

test('an account is created with its key, listed, shown, suspended and resumed', async () => {
  await createAccount(cli.config, 'Second');
  const secret = /shown this once: (evp_\w{40})$/.exec(cli.output.at(-1) ?? '')?.[1] ?? '';
  const id = (await keys(cli.store).findBySecret(secret))?.account ?? 0;
  expect(await accounts(cli.store).status(id)).toMatchObject({ kind: 'account' });
  await listAccounts(cli.config);
  expect(cli.output).toContain('1  active  account  Everpost');
  expect(cli.output).toContain(`${id}  active  account  Second`);
  expect(await suspendAccount(cli.config, id)).toBe(0);
  expect((await accounts(cli.store).status(id))?.state).toBe('suspended');
  expect(await showAccount(cli.config, id)).toBe(0);
  expect(cli.output).toContain(`${id}  suspended  account  Second`);
  expect(await resumeAccount(cli.config, id)).toBe(0);
  expect((await accounts(cli.store).status(id))?.state).toBeUndefined();
});

test('what is not there is said to be missing', async () => {
  for (const command of [showAccount, suspendAccount, resumeAccount]) expect(await command(cli.config, 999)).toBe(1);
  expect(cli.output.at(-1)).toBe('There is no account 999.');
});

test('a plan is set as far as it is named, shown, and lifted', async () => {
  expect(await planAccount(cli.config, 1, { name: 'Trial', subscribers: 100, ai: false })).toBe(0);
  expect(await planAccount(cli.config, 1, { emails_per_month: 500 })).toBe(0);
  expect(cli.output).toEqual(
    expect.arrayContaining(['plan: Trial', 'subscribers: 100', 'emails_per_month: 500', 'ai: off']),
  );
  cli.clear();
  await planAccount(cli.config, 1, { unlimited: true });
  expect(cli.output).toEqual(expect.arrayContaining(['plan: none', 'subscribers: unlimited', 'ai: on']));
  expect(await audit(cli.store).page(1, { action: 'account.plan', limit: 5 })).toMatchObject([
    { fields: ['unlimited'], by: { kind: 'cli' }, target: '1', outcome: 'done' },
    { fields: ['emails_per_month'], by: { kind: 'cli' } },
    { fields: ['name', 'subscribers', 'ai'], by: { kind: 'cli' } },
  ]);
});
