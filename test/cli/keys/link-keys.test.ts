import { expect, test } from 'vitest';
import { listLinkKeys, rotateLinkKeys } from '../../../cli/keys.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { linkKeyRing } from '../../../store/secrets/link-keys.js';
import { commandLine } from '../../support/everpost/command-line.js';

const SECRET = 'a secret for the tests';
const cli = commandLine({ EVERPOST_SECRET: SECRET });

test('a rotation makes the key that signs from now on; what the one before has signed is still read', async () => {
  await listLinkKeys(cli.config);
  expect(cli.output.filter((line) => /^\d+ /.test(line))).toEqual(['1  signs and reads']);
  const before = linkTokens(await linkKeyRing(cli.store, SECRET).ring()).forRecipient(7, 42);
  cli.clear();
  await rotateLinkKeys(cli.config);
  expect(cli.output).toEqual(['2  signs and reads', '1  reads']);
  expect(linkTokens(await linkKeyRing(cli.store, SECRET).ring()).read(before)).toEqual({ campaign: 7, subscriber: 42 });
});

test('with another EVERPOST_SECRET neither command reads or adds a key', async () => {
  const other = { ...cli.config, secret: 'another secret of mine' };
  await expect(listLinkKeys(other)).rejects.toThrow('EVERPOST_SECRET is not the one of the database');
  await expect(rotateLinkKeys(other)).rejects.toThrow('EVERPOST_SECRET is not the one of the database');
  expect(await linkKeyRing(cli.store, SECRET).ring()).toHaveLength(2);
});
