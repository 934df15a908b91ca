import { setInterval } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import { expectMessagesMatchReceiver, untilAllEnded } from '../../support/end-to-end/message-check.js';
import { type OwnServers, ownServers } from '../../support/end-to-end/own-servers.js';
import { aPost, type Posting, postingTo } from '../../support/end-to-end/posting.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

let servers: OwnServers;
let cluster: TestCluster;
let posting: Posting;
/** Ids of all answered requests, by idempotency key. */
const accepted = new Map<string, string>();
beforeAll(async () => {
  servers = await ownServers();
  // No worker is killed in this test, so long leases only give a busy machine time.
  const times = { lease: 20_000, trust: 14_000, renewEvery: 4_000 };
  cluster = await aTestCluster({ servers, times, sweepEvery: 1_000 });
  posting = await postingTo(cluster);
  await cluster.worker();
});
afterAll(async () => {
  await cluster?.close();
  await servers?.close();
});

async function post(first: number, count: number, over: object = {}): Promise<void> {
  const posts = Array.from({ length: count }, (_, n) => aPost(first + n, over));
  for (const [key, id] of await posting.all(posts, 12)) accepted.set(key, id);
}

/** Posts once every 250 ms for this many milliseconds; resolves when all requests are answered. */
async function postFor(milliseconds: number, first: number): Promise<void> {
  const end = now().getTime() + milliseconds;
  const posts: Promise<void>[] = [];
  for await (const _ of setInterval(250)) {
    if (now().getTime() >= end) break;
    posts.push(post(first + posts.length, 1));
  }
  await Promise.all(posts);
}

async function expectAllSent(): Promise<void> {
  await untilAllEnded(cluster, accepted.size);
  const rows = await expectMessagesMatchReceiver(cluster, accepted);
  expect(rows.filter(({ state }) => state !== 'sent')).toEqual([]);
}

test('while Temporal is killed for a minute messages are accepted, and all arrive when it is back', {
  timeout: 600_000,
}, async () => {
  await post(1_000, 30);
  await servers.killTemporal();
  await postFor(60_000, 2_000);
  expect(posting.repeated()).toBe(0);
  await servers.startTemporal();
  await expectAllSent();
});

test('messages lost with the database of Temporal arrive, also scheduled ones', async () => {
  const scheduled_at = new Date(now().getTime() + 12_000).toISOString();
  await post(400, 2, { scheduled_at });
  await servers.killTemporal();
  await servers.emptyTemporal();
  await post(410, 2);
  // The worker is not restarted: it detects that the workflow of its sweep is missing.
  await servers.startTemporal();
  await expectAllSent();
});
