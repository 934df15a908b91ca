import { beforeAll, beforeEach, expect, test } from 'vitest';
import { openLog } from '../../../api/log.js';
import { restored } from '../../../cli/database/restored.js';
import { demandSecret, joinProcesses } from '../../../cli/processes.js';
import { type Config, ConfigurationError } from '../../../config.js';
import { eventLog } from '../../../store/events/event-log.js';
import { events } from '../../../store/events/events.js';
import { counters } from '../../../store/mongo/counters.js';
import { restores } from '../../../store/restores/restores.js';
import { commandLine } from '../../support/everpost/command-line.js';
import { testNamespace } from '../../support/servers/test-servers.js';
import { anAcceptedMessage } from '../../support/store/messages.js';
import { aSendingCampaign, at, storedIn } from '../../support/store/restored-database.js';

const cli = commandLine({ EVERPOST_SECRET: 'a secret for the tests' });
const takenAt = at(-2);

let config: Config;
beforeAll(async () => {
  const { address: temporalAddress, namespace: temporalNamespace } = await testNamespace();
  config = { ...cli.config, temporalAddress, temporalNamespace };
});
beforeEach(async () => {
  // The version stays: every command brings a database without one up to date.
  const rows = (await cli.store.db.collections()).filter((one) => one.collectionName !== 'database_version');
  for (const one of rows) await one.deleteMany({});
});

const run = (over: Partial<Parameters<typeof restored>[1]> = {}) =>
  restored(config, { takenAt, dryRun: false, listenFor: 0, ...over });
test('ids that the lost database may have given are not given again', async () => {
  const happened = (n: number) => ({ _id: `event ${n}`, account: 1, type: 'campaign.sent' });
  await events(cli.store).append([happened(1)]);
  const before = await eventLog(cli.store).assignSequences(1);
  await cli.store.db
    .collection<{ _id: number }>('event_sequences')
    .updateOne({ _id: 1 }, { $set: { batch: ['event 1'], from: 0, head: 0 } });
  const [subscriber, list] = [await counters(cli.store).block('subscribers'), await counters(cli.store).block('lists')];
  await run();
  await run({ takenAt: new Date(takenAt) });
  expect(await counters(cli.store).block('subscribers')).toBe(subscriber + 10_000_001);
  expect(await counters(cli.store).block('lists')).toBe(list + 10_001);
  await events(cli.store).append([happened(2)]);
  expect([before, await eventLog(cli.store).assignSequences(1)]).toEqual([1, 10_000_001]);
});

test('a dry run prints the same and writes nothing', async () => {
  await aSendingCampaign(cli.store);
  await anAcceptedMessage(cli.store, { due: at(-1) });
  await demandSecret(config, cli.store);
  const before = await storedIn(cli.store);
  await run({ dryRun: true });
  expect(await storedIn(cli.store)).toBe(before);
  expect(cli.output).toEqual([
    '0 workflows and 0 Schedules of Temporal would be deleted; they are made again from the rows.',
    expect.stringMatching(
      /^Campaign \d+ of account \d+ \(sending, "News"\) would be paused; uncertain recipients: 5\.$/,
    ),
    '1 messages would be uncertain.',
  ]);
});

test('it is refused, with nothing changed, while an API or a worker runs', async () => {
  await aSendingCampaign(cli.store);
  const worker = await joinProcesses(config, cli.store, 'worker', openLog({ logLevel: 'silent' }));
  const before = await storedIn(cli.store);
  await expect(run()).rejects.toThrow(/^.*Stop all APIs and workers first: worker \d+ on \S+\. /s);
  await worker.leave();
  expect(await storedIn(cli.store)).toBe(before.replace('"is_stopped":false', '"is_stopped":true'));
});

test('until an interrupted restore is complete, no process starts', async () => {
  await restores(cli.store).begin(takenAt);
  const join = () => joinProcesses(config, cli.store, 'worker', openLog({ logLevel: 'silent' }));
  await expect(join()).rejects.toThrow(ConfigurationError);
  await expect(join()).rejects.toThrow(`everpost restored --taken-at ${takenAt.toISOString()}`);
  // Each recorded itself before it looked for a restore, so a command that began meanwhile would have seen it.
  const recorded = await cli.store.db.collection('processes').find().toArray();
  expect(recorded.map((row) => row['is_stopped'])).toEqual([true, true]);
  const other = { takenAt: new Date(takenAt.getTime() + 1_000) };
  await expect(run(other)).rejects.toThrow(`repeat it first, with --taken-at ${takenAt.toISOString()}`);
  await run();
  await (await join()).leave();
  cli.clear();
  await run();
  expect(cli.output.join()).toMatch(/^Nothing to do: this was done at /);
});
