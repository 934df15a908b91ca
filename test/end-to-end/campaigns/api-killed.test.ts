import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../../servers/ports.js';
import { accounts } from '../../../store/accounts/accounts.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Child } from '../../support/end-to-end/child.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { KEY } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { aList } from '../../support/store/campaigns.js';

const CAMPAIGNS = 8;
const READERS = 10;
let cluster: TestCluster;
let port: number;
let api: Child;
beforeAll(async () => {
  cluster = await aTestCluster();
  port = await freePort(0);
  api = await cluster.api(port);
});
afterAll(() => cluster?.close());

/** Undefined if the API gave no answer. */
async function post(path: string, idempotencyKey: string, body: object): Promise<number | undefined> {
  const headers = {
    authorization: `Bearer ${KEY}`,
    'content-type': 'application/json',
    'idempotency-key': idempotencyKey,
  };
  const url = `http://127.0.0.1:${port}/api/v1/${path}`;
  const answer = fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return answer.then(
    ({ status }) => status,
    () => undefined,
  );
}

/** Kills the API during requests. */
async function killAndRestart(): Promise<void> {
  await api.end('SIGKILL');
  api = await cluster.api(port);
}

/**
 * Ends the claims of requests that the killed API left unanswered, instead of waiting a minute. All other requests have
 * answers.
 */
async function freeKeys(): Promise<void> {
  const since = new Date(0);
  await cluster.store.db.collection('stored_responses').updateMany({ state: 'in_flight' }, { $set: { since } });
}

test('requests repeated with their idempotency keys while the API is killed create and send each campaign once', async () => {
  await cluster.worker();
  const { _id: account } = await accounts(cluster.store).ensureFirst();
  const lists = await Promise.all(Array.from({ length: CAMPAIGNS }, () => aList(cluster.store, account, READERS)));
  const open = new Map(lists.map((list_id, n) => [`campaign-${n}`, { list_id, subject: `Letter ${n}` }]));
  for (let round = 0; open.size > 0; round += 1) {
    const answers = [...open].map(async ([key, { list_id, subject }]) => {
      const person = { email: `new-${key}@example.test`, list_id, first_name: 'Ada' };
      const joined = await post('subscribers', `${key}-reader`, person);
      const letter = { list_id, subject, html: '<p>Hello {{ first_name }}</p>', send: true };
      const isJoined = joined === 200 || joined === 201;
      const sent = isJoined ? await post('campaigns', key, letter) : undefined;
      if (sent === 201) open.delete(key);
    });
    // In the first rounds the API is killed right after the first answer.
    if (round < 2) {
      await Promise.race(answers);
      await killAndRestart();
    }
    await Promise.all(answers);
    await freeKeys();
  }

  const rows = await cluster.store.db.collection<Campaign>('campaigns').find().toArray();
  expect(rows.map(({ subject }) => subject).sort()).toEqual(lists.map((_, n) => `Letter ${n}`).sort());
  await Promise.all(rows.map((row) => cluster.untilState(row, 'sent')));
  for (const row of rows) {
    const { totals } = await expectLedgerMatchesReceiver(cluster, row);
    expect(totals).toMatchObject({ sent: READERS + 1, uncertain: 0 });
  }
  expect(cluster.receiver.accepted).toHaveLength(CAMPAIGNS * (READERS + 1));
});
