import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { calendarOf } from '../../../domain/newsletter/cron.js';
import type { Newsletter } from '../../../store/newsletters/newsletters.js';
import { type OwnServers, ownServers } from '../../support/end-to-end/own-servers.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { aNewsletter, issuesOf } from '../../support/store/newsletters.js';

let servers: OwnServers;
let cluster: TestCluster;
beforeAll(async () => {
  servers = await ownServers();
});
afterAll(() => servers?.close());
beforeEach(async () => {
  cluster = await aTestCluster({ servers });
});
afterEach(() => cluster?.close());

const SECOND = 1_000;

/** A single scheduled time, `seconds` from now. */
function onceIn(seconds: number) {
  const at = new Date(Math.ceil(now().getTime() / SECOND + seconds) * SECOND);
  const [hour, minute, second] = [[at.getUTCHours()], [at.getUTCMinutes()], [at.getUTCSeconds()]];
  return { calendars: [calendarOf({ hour, minute, second })], end_at: at };
}

test('all processes are down at the scheduled time: within the catch-up window the issue is sent late and once, after it never', async () => {
  const worker = await cluster.worker();
  const often = { hold: { catch_up_seconds: 3_600 }, strict: { catch_up_seconds: 0 } };
  const [open, closed] = await Promise.all(
    [often.hold, often.strict].map((over) => aNewsletter(cluster.store, { ...onceIn(14), lead_seconds: 2, ...over })),
  );
  if (open === undefined || closed === undefined) throw new Error('two newsletters');
  await cluster.untilTrue(async () => (await scheduled(open)) && scheduled(closed));
  expect(await worker.end('SIGKILL')).not.toBe('0');
  await servers.killTemporal();
  const due = Math.max(...[open, closed].map(({ end_at }) => end_at?.getTime() ?? 0));
  await cluster.untilTrue(() => now().getTime() > due + 8 * SECOND);
  await servers.startTemporal();
  await cluster.worker();
  await cluster.untilTrue(async () => (await issuesOf(cluster.store, open)).at(0)?.state === 'sent');
  await cluster.untilTrue(async () => (await issuesOf(cluster.store, closed)).at(0)?.state === 'skipped');
  const [late, ...others] = await issuesOf(cluster.store, open);
  expect([late?.late, others]).toEqual([true, []]);
  const [missed] = await issuesOf(cluster.store, closed);
  expect(['missed', 'too_late']).toContain(missed?.reason);
  expect(cluster.receiver.accepted).toHaveLength(1);
  // The events are written after the rows.
  const published = () => cluster.store.db.collection('events').distinct('type', { type: /^newsletter/ });
  const wanted = ['newsletter.issue_late', 'newsletter.issue_sent', 'newsletter.issue_skipped'];
  await cluster.untilTrue(async () => {
    const types = await published();
    return wanted.every((type) => types.includes(type));
  });
});

/** Waits until its Schedule exists. */
async function scheduled({ _id }: Newsletter): Promise<boolean> {
  const handle = cluster.client.schedule.getHandle(`${cluster.place.prefix}/newsletter/${_id}`);
  return handle.describe().then(
    () => true,
    () => false,
  );
}
