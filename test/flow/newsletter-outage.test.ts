import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { now } from '../../clock.js';
import { calendarOf } from '../../domain/newsletter/cron.js';
import type { Newsletter } from '../../store/newsletters.js';
import { type OwnServers, ownServers } from '../support/flow/own-servers.js';
import { aWorld, type World } from '../support/flow/world.js';
import { aNewsletter, issuesOf } from '../support/newsletters.js';

let servers: OwnServers;
let world: World;
beforeAll(async () => {
  servers = await ownServers();
});
afterAll(() => servers?.close());
beforeEach(async () => {
  world = await aWorld({ servers });
});
afterEach(() => world?.close());

const SECOND = 1_000;

/** One time, `seconds` from now, and none after it. */
function onceIn(seconds: number) {
  const at = new Date(Math.ceil(now().getTime() / SECOND + seconds) * SECOND);
  const [hour, minute, second] = [[at.getUTCHours()], [at.getUTCMinutes()], [at.getUTCSeconds()]];
  return { calendars: [calendarOf({ hour, minute, second })], end_at: at };
}

test('everything is down over its time: an open catch-up window sends it late and once, a closed one never', async () => {
  const worker = await world.worker();
  const often = { hold: { catch_up_seconds: 3_600 }, strict: { catch_up_seconds: 0 } };
  const [open, closed] = await Promise.all(
    [often.hold, often.strict].map((over) => aNewsletter(world.store, { ...onceIn(14), lead_seconds: 2, ...over })),
  );
  if (open === undefined || closed === undefined) throw new Error('two newsletters');
  await world.untilTrue(async () => (await scheduled(open)) && scheduled(closed));
  expect(await worker.end('SIGKILL')).not.toBe('0');
  await servers.killTemporal();
  const due = Math.max(...[open, closed].map(({ end_at }) => end_at?.getTime() ?? 0));
  await world.untilTrue(() => now().getTime() > due + 8 * SECOND);
  await servers.startTemporal();
  await world.worker();
  await world.untilTrue(async () => (await issuesOf(world.store, open)).at(0)?.state === 'sent');
  await world.untilTrue(async () => (await issuesOf(world.store, closed)).at(0)?.state === 'skipped');
  const [late, ...others] = await issuesOf(world.store, open);
  expect([late?.late, others]).toEqual([true, []]);
  const [missed] = await issuesOf(world.store, closed);
  expect(['missed', 'too_late']).toContain(missed?.reason);
  expect(world.receiver.accepted).toHaveLength(1);
  // The events follow the rows.
  const told = () => world.store.db.collection('events').distinct('type', { type: /^newsletter/ });
  const wanted = ['newsletter.issue_late', 'newsletter.issue_sent', 'newsletter.issue_skipped'];
  await world.untilTrue(async () => {
    const types = await told();
    return wanted.every((type) => types.includes(type));
  });
});

/** Its Schedule is there. */
async function scheduled({ _id }: Newsletter): Promise<boolean> {
  const handle = world.client.schedule.getHandle(`${world.place.prefix}/newsletter/${_id}`);
  return handle.describe().then(
    () => true,
    () => false,
  );
}
