import { expect, test } from 'vitest';
import { issueKey, listKeys, revokeKey } from '../../../cli/keys.js';
import { keys } from '../../../store/keys/keys.js';
import { commandLine } from '../../support/everpost/command-line.js';

const cli = commandLine();

test('a key is issued, listed without its secret, and revoked', async () => {
  await issueKey(cli.config, 'Website');
  const secret = /shown this once: (evp_\w{40})$/.exec(cli.output.at(-1) ?? '')?.[1] ?? '';
  const key = await keys(cli.store).findBySecret(secret);
  expect(key).toMatchObject({ name: 'Website', state: 'active' });
  cli.clear();
  await listKeys(cli.config);
  expect(cli.output.join('\n')).toContain(`${key?._id}  ${secret.slice(0, 8)}…  active  Website`);
  expect(cli.output.join('\n')).not.toContain(secret);
  expect(cli.output.join('\n')).toContain('The number of a key is its public-key in the API of envie');
  expect(await revokeKey(cli.config, key?._id ?? 0)).toBe(0);
  expect(await keys(cli.store).findBySecret(secret)).toMatchObject({ state: 'revoked' });
});

test('revoking what is not there says so', async () => {
  expect(await revokeKey(cli.config, 999)).toBe(1);
  expect(cli.output.at(-1)).toBe('There is no key 999.');
});
