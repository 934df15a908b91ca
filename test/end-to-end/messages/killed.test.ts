import { EventEmitter, once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectMessagesMatchReceiver, untilAllEnded } from '../../support/end-to-end/message-check.js';
import { aPost, type Posting, postingTo } from '../../support/end-to-end/posting.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

const MESSAGES = 2_000;
const KILLS = 3;
/** One kill can leave four messages uncertain for each of a worker's eight connections: no campaign uses them. */
const UNCERTAIN = 4 * 8;
let cluster: TestCluster;
let posting: Posting;
beforeAll(async () => {
  // Long enough that only killed workers lose their claims, also on a busy machine.
  cluster = await aTestCluster({ times: { lease: 20_000, trust: 14_000, renewEvery: 4_000 } });
  posting = await postingTo(cluster);
});
afterAll(() => cluster?.close());

/** A random moment in each third of the run. */
const moments = () =>
  Array.from({ length: KILLS }, (_, n) => Math.floor((MESSAGES * (n + 0.1 + Math.random() / 2)) / KILLS));

const posts = Array.from({ length: MESSAGES }, (_, n) => aPost(n));

test('API and worker are killed while 2,000 messages are posted with keys: each arrives once or is listed as uncertain', {
  timeout: 900_000,
}, async () => {
  const progress = new EventEmitter();
  let answers = 0;
  const answered = (count: number) => {
    answers = count;
    progress.emit('answer');
  };
  const reached = async (moment: number) => {
    while (answers < moment) await once(progress, 'answer');
  };
  const killApis = async () => {
    for (const moment of moments()) {
      await reached(moment);
      await posting.killApi();
      await posting.prepareSuccessor();
    }
  };
  let worker = await cluster.worker();
  let successor = await cluster.worker();
  const killWorkers = async () => {
    for (const moment of moments()) {
      await cluster.receiver.untilAccepted(moment);
      await worker.end('SIGKILL');
      worker = successor;
      successor = await cluster.worker();
    }
  };
  await posting.prepareSuccessor();
  const [ids] = await Promise.all([posting.all(posts, 24, answered), killApis(), killWorkers()]);
  await cluster.receiver.untilAccepted(MESSAGES - KILLS * UNCERTAIN);
  await untilAllEnded(cluster, MESSAGES);

  const rows = await expectMessagesMatchReceiver(cluster, ids);
  const doubtful = rows.filter(({ state }) => state === 'uncertain').map(({ _id }) => _id);
  expect(rows.filter(({ state }) => state === 'sent').length + doubtful.length).toBe(MESSAGES);
  expect((await posting.listed('uncertain')).sort()).toEqual(doubtful.sort());
  expect(doubtful.length).toBeLessThanOrEqual(KILLS * UNCERTAIN);
  // The kills interrupted requests, which were repeated with their keys.
  expect(posting.repeated()).toBeGreaterThan(0);
});
