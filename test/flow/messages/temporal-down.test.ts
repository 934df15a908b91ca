import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { expectHonestMessages, untilAllEnded } from '../../support/flow/honest-messages.js';
import { type OwnServers, ownServers } from '../../support/flow/own-servers.js';
import { aPost, type Posting, postingTo } from '../../support/flow/posting.js';
import { aWorld, type World } from '../../support/flow/world.js';

let servers: OwnServers;
let world: World;
let posting: Posting;
beforeAll(async () => {
  servers = await ownServers();
});
afterAll(() => servers?.close());
beforeEach(async () => {
  world = await aWorld({ servers });
  posting = await postingTo(world);
});
afterEach(() => world?.close());

test('while Temporal is killed messages are accepted, and all arrive when it is back', async () => {
  await world.worker();
  const before = await posting.all(
    Array.from({ length: 60 }, (_, n) => aPost(n)),
    12,
  );
  await servers.killTemporal();
  const meanwhile = await posting.all(
    Array.from({ length: 240 }, (_, n) => aPost(100 + n)),
    12,
  );
  expect(posting.repeated()).toBe(0);
  await servers.startTemporal();
  await untilAllEnded(world, 300);
  const rows = await expectHonestMessages(world, new Map([...before, ...meanwhile]));
  expect(rows.every(({ state }) => state === 'sent')).toBe(true);
});

test('what an emptied Temporal has forgotten arrives, also what was to wait for its time', async () => {
  await world.worker();
  const scheduled_at = new Date(now().getTime() + 12_000).toISOString();
  const waiting = await posting.all([aPost(1, { scheduled_at }), aPost(2, { scheduled_at })], 2);
  await servers.killTemporal();
  await servers.emptyTemporal();
  const meanwhile = await posting.all([aPost(3), aPost(4)], 2);
  // Nobody restarts the worker: it finds that its sweep is gone.
  await servers.startTemporal();
  await untilAllEnded(world, 4);
  const rows = await expectHonestMessages(world, new Map([...waiting, ...meanwhile]));
  expect(rows.every(({ state }) => state === 'sent')).toBe(true);
});
