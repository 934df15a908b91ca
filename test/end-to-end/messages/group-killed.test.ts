import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import type { Message } from '../../../store/messages/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { expectMessagesMatchReceiver, untilAllEnded } from '../../support/end-to-end/message-check.js';
import { aPost, type Posting, postingTo } from '../../support/end-to-end/posting.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { quietPort } from '../../support/servers/quiet-port.js';

const MESSAGES = 200;
/** Those of a worker; no campaign uses them. */
const CONNECTIONS = 8;
const MOST_UNCERTAIN = 4 * CONNECTIONS;
let cluster: TestCluster;
let posting: Posting;
beforeAll(async () => {
  cluster = await aTestCluster({ times: { lease: 20_000, trust: 14_000, renewEvery: 4_000 } });
  // This API reaches no Temporal: the sweep of the first worker finds all messages at once and starts one group.
  posting = await postingTo(cluster, { temporalAddress: `127.0.0.1:${await quietPort()}` });
});
afterAll(() => cluster?.close());

const rows = () => majorityCollection<Message>(cluster.store, 'messages').find().toArray();

test('a worker is killed in the middle of a group of 200: each message arrives once or is listed as uncertain', {
  timeout: 600_000,
}, async () => {
  const ids = await posting.batch(
    'burst',
    Array.from({ length: MESSAGES }, (_, n) => aPost(n)),
  );
  await cluster.untilTrue(async () => (await rows()).every(({ sweep_at }) => sweep_at !== null && sweep_at <= now()));
  const worker = await cluster.worker();
  await cluster.receiver.untilAccepted(MESSAGES / 2);
  await worker.end('SIGKILL');
  const arrived = cluster.receiver.accepted.length;
  expect(arrived).toBeLessThan(MESSAGES);
  const runs = new Set((await rows()).map(({ run }) => run));
  expect([...runs]).toEqual([expect.stringMatching(/^messages\//)]);

  await cluster.worker();
  await untilAllEnded(cluster, MESSAGES);
  const ended = await expectMessagesMatchReceiver(cluster, ids);
  const doubtful = ended.filter(({ state }) => state === 'uncertain').map(({ _id }) => _id);
  expect(ended.filter(({ state }) => state === 'sent').length + doubtful.length).toBe(MESSAGES);
  expect(doubtful.length).toBeLessThanOrEqual(MOST_UNCERTAIN);
  expect((await posting.listed('uncertain')).sort()).toEqual(doubtful.sort());
  // Only what the killed worker had in flight was started separately.
  const { count } = await cluster.client.workflow.count('WorkflowType = "message"');
  expect(count).toBeLessThanOrEqual(MOST_UNCERTAIN);
});
