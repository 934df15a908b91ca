import { randomUUID } from 'node:crypto';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openLog } from '../../../api/log.js';
import type { Finding } from '../../../cli/doctor/finding.js';
import { checkStore } from '../../../cli/doctor/store.js';
import { checkTasks } from '../../../cli/doctor/tasks.js';
import { joinProcesses } from '../../../cli/processes.js';
import { sweepRecords } from '../../../store/monitoring/sweep-record.js';
import { transportHealth } from '../../../store/transports/health.js';
import { installRuntime } from '../../../workers/main.js';
import { queuesOf } from '../../../workflows/names.js';
import { commandLine } from '../../support/everpost/command-line.js';
import { testTemporal } from '../../support/servers/test-servers.js';
import { aPage, insertPages } from '../../support/store/ledger-pages.js';
import { anAcceptedMessage } from '../../support/store/messages.js';

const cli = commandLine({ EVERPOST_SECRET: 'a secret for the tests', SMTP_URL: 'smtp://relay.example.org' });
type Row = { readonly _id: number } & Readonly<Record<string, unknown>>;
const collection = (name: string) => cli.store.db.collection<Row>(name);
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000);

/** What a person should see to, without the disks of this machine. */
const open = (findings: readonly Finding[]) =>
  findings.filter(({ state, subject }) => state !== 'ok' && state !== 'note' && !subject.startsWith('Disk'));
const subjects = async () => open(await checkStore(cli.config)).map(({ subject }) => subject);

test('without rows only the sender that is not set needs a person', async () => {
  expect(await subjects()).toEqual(['MAIL_FROM']);
  expect(open(await checkStore({ ...cli.config, mailFrom: 'News <news@example.org>' }))).toEqual([]);
  expect(await checkStore({ ...cli.config, mongodbUrl: 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1' })).toEqual(
    [],
  );
});

test('each planted fault is named, with its resource, its time and the next step', async () => {
  const { store } = cli;
  const account = 1;
  await collection('accounts').insertOne({ _id: account });
  await collection('campaigns').insertMany([
    { _id: 1, account, state: 'paused', reason: 'engine_stopped', updated_at: ago(9) },
    { _id: 2, account, state: 'paused', reason: null, updated_at: ago(9) },
    { _id: 3, account, state: 'scheduled', scheduled_at: ago(8) },
    { _id: 4, account, state: 'scheduled', scheduled_at: ago(-8) },
  ]);
  const exception = { class: 'owner_lost', code: null, reply: null, next: null };
  const uncertain = [{ ...exception, i: 0, kind: 'uncertain' as const, at: ago(3) }];
  const old = [{ ...exception, i: 0, kind: 'uncertain' as const, at: ago(60 * 24 * 30) }];
  await insertPages(store, [
    aPage({ account, campaign: 5, ids: [1, 2], exceptions: uncertain } as never),
    aPage({ account, campaign: 6, ids: [1, 2], exceptions: old } as never),
  ]);
  await anAcceptedMessage(store, { account, due: ago(30), sweep_at: ago(-1) });
  await anAcceptedMessage(store, { account, state: 'uncertain', sweep_at: null });
  await collection('endpoints').insertOne({ _id: 7, account, state: 'disabled', reason: 'gone', updated_at: ago(5) });
  await collection('transports').insertOne({ _id: 8, account, name: 'Relay', version: 1, enabled: true });
  const error = { at: ago(1), reply: '535 no', phase: 'login' } as const;
  const refused = {
    state: 'refusing_logins',
    since: ago(4),
    error,
    accepted_at: null,
    next_try: null,
    in_flight: 0,
  } as const;
  await transportHealth(store, 60_000).report('8', { process: 'one', use: 'bulk', version: 1 }, refused);
  await sweepRecords(store).recordPass([{ part: 'webhooks', error: 'Error: no ann@example.org' }]);
  await collection('campaigns').dropIndex('account_1_launched_at_-1__id_-1');

  const findings = open(await checkStore(cli.config));
  const found = findings.map(({ state, subject, says, since }) => [state, subject, says, since?.getTime()]);
  expect(found).toEqual([
    ['warning', 'Sweep of webhooks', 'fails: Error: no [address]', expect.any(Number)],
    ['warning', 'Campaign 1', 'paused: engine_stopped', expect.any(Number)],
    ['warning', 'Campaign 3', 'its time has come, and it has not begun', expect.any(Number)],
    ['warning', 'Campaign 5', '1 recipients are uncertain: the mail may have arrived', uncertain[0]?.at.getTime()],
    ['warning', 'Messages of account 1', '1 are uncertain: they may have arrived', expect.any(Number)],
    ['warning', 'Messages', 'one is due for 30 minutes', expect.any(Number)],
    ['warning', 'Webhook 7 (account 1)', 'disabled: its server answered 410', expect.any(Number)],
    ['warning', 'Transport 8 (Relay, account 1)', 'refusing_logins, at login: 535 no', refused.since.getTime()],
    ['warning', 'MAIL_FROM', expect.stringContaining('not set'), undefined],
    ['warning', 'Index of campaigns', expect.stringContaining('is missing'), undefined],
  ]);
  for (const { advice } of findings) expect(advice).toMatch(/\w/);
  await collection('sweep').updateOne({} as never, { $set: { ended_at: ago(20) } });
  expect(await subjects()).toContain('Sweep');
});

test('a queue that no worker polls is a fault where a process runs, and a note before the first start', async () => {
  installRuntime(pino({ level: 'silent' }));
  const { address, namespace } = testTemporal();
  const config = { ...cli.config, temporalAddress: address, temporalNamespace: namespace };
  const prefix = `doctor-${randomUUID()}`;
  expect(await checkTasks(config, prefix)).toMatchObject([{ state: 'note', subject: 'Task queues' }]);
  const { leave } = await joinProcesses(cli.config, cli.store, 'worker', openLog({ logLevel: 'silent' }));
  const connection = await NativeConnection.connect({ address });
  const taskQueue = queuesOf(prefix).hooks;
  const activities = { anyStep: async () => undefined };
  const worker = await Worker.create({ connection, namespace, taskQueue, activities });
  await worker.runUntil(async () => {
    const alone = async () => (await checkTasks(config, prefix)).map(({ state, subject }) => `${state} ${subject}`);
    const others = Object.values(queuesOf(prefix)).filter((name) => name !== taskQueue);
    await expect.poll(alone, { timeout: 20_000 }).toHaveLength(others.length);
    expect((await alone()).sort()).toEqual(others.map((name) => `fault Task queue ${name}`).sort());
  });
  await connection.close();
  await leave();
  expect(await checkTasks({ ...config, temporalAddress: '127.0.0.1:1' }, prefix)).toEqual([]);
});
