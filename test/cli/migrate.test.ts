import { expect, test, vi } from 'vitest';
import { openLog } from '../../api/log.js';
import { migrateCommand } from '../../cli/database/migrate.js';
import { checkVersion } from '../../cli/doctor/version.js';
import { joinProcesses } from '../../cli/processes.js';
import { readConfig } from '../../config.js';
import { DATABASE_VERSION, DatabaseVersionError, MIGRATIONS } from '../../store/migrations/versions.js';
import { processes } from '../../store/processes/processes.js';
import { commandLine } from '../support/everpost/command-line.js';

const SECRET = 'a secret for the tests';
const cli = commandLine({ EVERPOST_SECRET: SECRET });
const change = (fields: object) => cli.store.db.collection('database_version').updateOne({}, { $set: fields });
const found = async () => {
  const findings = await checkVersion(cli.store.db);
  return findings.map(({ state, says }) => `${state}: ${says}`);
};

test('migrate --check prints what would be done and changes nothing; migrate does it', async () => {
  const { db } = cli.store;
  await change({ version: 0 });
  await db.collection('campaigns').dropIndex('account_1_launched_at_-1__id_-1');
  const planned = [
    ...MIGRATIONS.map(({ version, does }) => `would migrate to version ${version}: ${does}`),
    'would build the index of campaigns {"account":1,"launched_at":-1,"_id":-1}: campaigns, latest launch first',
  ];
  for (let time = 0; time < 2; time++) {
    cli.clear();
    expect(await migrateCommand(cli.config, { check: true })).toBe(1);
    expect(cli.output).toEqual(planned);
  }
  expect(await found()).toEqual([`warning: 0, and this build has ${DATABASE_VERSION}`]);
  cli.clear();
  expect(await migrateCommand(cli.config, { check: false })).toBe(0);
  const done = `The database has version ${DATABASE_VERSION}, that of this build, and all of its indexes.`;
  const behind = planned.map((line) => line.replace('would migrate', 'migrated').replace('would build', 'building'));
  expect(cli.output).toEqual([...behind, done]);
  cli.clear();
  expect(await migrateCommand(cli.config, { check: true })).toBe(0);
  expect(cli.output).toEqual([done]);
  expect(await found()).toEqual([`ok: ${DATABASE_VERSION}, that of this build`]);
});

test('a database that is newer by one is a note, by more a fault and no start', async () => {
  await change({ version: DATABASE_VERSION + 1 });
  expect(await found()).toEqual([expect.stringMatching(/^note: .+ a newer build has migrated it/)]);
  expect(await migrateCommand(cli.config, { check: false })).toBe(0);
  await change({ version: DATABASE_VERSION + 2 });
  expect(await found()).toEqual([expect.stringMatching(/^fault: .+ runs on .+ at most/)]);
  for (const check of [true, false]) {
    await expect(migrateCommand(cli.config, { check })).rejects.toThrow(DatabaseVersionError);
  }
});

test('a process that starts while the database is migrated past it is refused, and does not count as running', async () => {
  const config = readConfig({ EVERPOST_SECRET: SECRET });
  const start = () => joinProcesses(config, cli.store, 'worker', openLog({ logLevel: 'silent' }));
  await change({ version: DATABASE_VERSION, target: DATABASE_VERSION + 2 });
  await expect(start()).rejects.toThrow(DatabaseVersionError);
  expect(await processes(cli.store).running()).toEqual([]);
  await change({ target: DATABASE_VERSION + 1 });
  await (await start()).leave();
});

test('a process that finds the database too new while it runs stops itself', async () => {
  await change({ version: DATABASE_VERSION, target: null });
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const config = readConfig({ EVERPOST_SECRET: SECRET });
  const { leave } = await joinProcesses(config, cli.store, 'worker', openLog({ logLevel: 'silent' }));
  await change({ version: DATABASE_VERSION + 2 });
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  await vi.waitFor(() => expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]));
  await leave();
  await change({ version: DATABASE_VERSION });
});
