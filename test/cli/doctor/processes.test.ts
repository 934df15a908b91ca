import { expect, test } from 'vitest';
import { openLog } from '../../../api/log.js';
import { checkProcesses } from '../../../cli/doctor/processes.js';
import { joinProcesses } from '../../../cli/processes.js';
import { commandLine } from '../../support/everpost/command-line.js';

const cli = commandLine({ EVERPOST_SECRET: 'a secret for the tests', PUBLIC_URL: 'https://mail.example.org' });

test('an empty database fits each environment, and the check writes nothing', async () => {
  expect(await checkProcesses(cli.config)).toMatchObject([{ state: 'ok', subject: 'Shared settings' }]);
  expect(await cli.store.db.collection('secrets').countDocuments()).toBe(0);
});

test('each variable that a running process has otherwise is a warning, another secret is a fault', async () => {
  const log = openLog({ logLevel: 'silent' });
  const { leave } = await joinProcesses(cli.config, cli.store, 'api', log);
  expect(await checkProcesses(cli.config)).toMatchObject([
    { state: 'ok', says: 'no running process has other ones (running: 1)' },
  ]);
  const other = {
    ...cli.config,
    publicUrl: 'https://other.example',
    requireVerifiedDomains: true,
    secret: 'other '.repeat(4),
  };
  expect(await checkProcesses(other)).toMatchObject([
    { state: 'fault', subject: 'EVERPOST_SECRET' },
    {
      state: 'warning',
      subject: 'PUBLIC_URL',
      says: expect.stringMatching(/^https:\/\/other.example here, but https:\/\/mail.example.org in api \d+ on ./),
    },
    { state: 'warning', subject: 'REQUIRE_VERIFIED_DOMAINS', says: expect.stringMatching(/^on here, but off in api /) },
  ]);
  await leave();
  expect(await checkProcesses({ ...other, secret: cli.config.secret })).toMatchObject([{ state: 'ok' }]);
});

test('a database that cannot be reached is the finding of another check', async () => {
  expect(await checkProcesses({ ...cli.config, mongodbUrl: 'mongodb://127.0.0.1:1/' })).toEqual([]);
  expect(await checkProcesses({ ...cli.config, mongodbUrl: undefined })).toEqual([]);
});
