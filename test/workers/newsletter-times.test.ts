import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { retryUntilClosed } from '../../api/engine/lazy-client.js';
import { readCron } from '../../domain/newsletter/cron.js';
import { type Timetable, timesAfter } from '../../domain/newsletter/timetable.js';
import { clockOf, wallOf } from '../../domain/newsletter/zone.js';
import { scheduleSpec } from '../../workers/newsletter-schedules.js';
import { testTemporal } from '../support/servers/test-servers.js';

let connection: Connection;
let client: Client;

beforeAll(async () => {
  const { address, namespace } = testTemporal();
  connection = await Connection.connect({ address, interceptors: retryUntilClosed() });
  client = new Client({ connection, namespace });
});
afterAll(() => connection?.close());

function timetable(cron: string, zone: string, from: string, over: Partial<Timetable> = {}): Timetable {
  const fields = readCron(cron);
  if (typeof fields === 'string') throw new Error(fields);
  return { calendars: [fields], zone, start_at: new Date(from), end_at: null, skip: [], ...over };
}

/** The next ten times of a real Schedule, computed by the server. */
async function timesOfTemporal(table: Timetable): Promise<string[]> {
  const handle = await client.schedule.create({
    scheduleId: `times-${randomUUID()}`,
    spec: scheduleSpec(table),
    action: { type: 'startWorkflow', workflowType: 'unused', taskQueue: 'unused' },
  });
  const { info } = await handle.describe();
  await handle.delete();
  return info.nextActionTimes.map((time) => time.toISOString());
}

/** Whether clocks in the zone show the same time again later on that day. */
function isRepeatedLater(zone: string, instant: number): boolean {
  const wall = wallOf(zone, instant);
  return clockOf(zone, Math.floor(wall / 86_400_000) * 86_400_000).at(wall) !== instant;
}

const CHANGES = [
  ['Europe/Berlin', '2027-03-26T00:00:00Z', '2027-10-29T00:00:00Z'],
  ['America/New_York', '2027-03-12T00:00:00Z', '2027-11-05T00:00:00Z'],
  ['Australia/Lord_Howe', '2027-10-01T00:00:00Z', '2027-04-02T00:00:00Z'],
].flatMap(([zone = '', ...changes]) => changes.map((change) => [zone, change] as const));
const CRONS = ['0 9 * * *', '30 2 * * *', '45 1 * * *', '*/30 3-5 * * sun,mon', '15 2,14 28-31 * *'];

/**
 * Where clocks repeat an hour a Schedule fires at the second time, in some zones also at the first. East of Greenwich it leaves
 * out some of that hour where a calendar names several times of it: those the sweep begins.
 */
test.each(CHANGES)('in %s around %s our times equal those of Temporal', async (zone, from) => {
  for (const cron of CRONS) {
    const table = timetable(cron, zone, from);
    const theirs = (await timesOfTemporal(table)).filter((time) => !isRepeatedLater(zone, Date.parse(time)));
    const ours = timesAfter(table, new Date(from), theirs.length).map((time) => time.toISOString());
    expect([cron, ...theirs]).toEqual([cron, ...ours]);
    expect(theirs.length).toBeGreaterThanOrEqual(6);
  }
});

test('start, end and skipped days have the same effect in Temporal', async () => {
  const table = timetable('0 9 * * 1-5', 'Europe/Berlin', '2027-12-20T08:00:00Z', {
    end_at: new Date('2027-12-30T08:00:00Z'),
    skip: ['2027-12-24', '2027-12-27', '2027-12-28'],
  });
  const ours = timesAfter(table, new Date('2027-01-01T00:00:00Z'), 10).map((time) => time.toISOString());
  expect(ours).toHaveLength(6);
  expect(await timesOfTemporal(table)).toEqual(ours);
});
