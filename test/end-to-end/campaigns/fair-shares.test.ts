import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { accounts } from '../../../store/accounts/accounts.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { aList } from '../../support/store/campaigns.js';

const CAMPAIGNS = 4;
/** One page of each campaign of the first account. */
const READERS = 200;
const FEW = 20;
/** As long as a turn may last while no other lane waits: longer than the campaigns of the first account need. */
const TIMES = { lease: 200_000, trust: 150_000, renewEvery: 20_000, attempt: 120_000 };
const LONG = { ...TIMES, smtpDot: 300_000, startToClose: 600_000, resendAfter: 600_000 };

let cluster: TestCluster;
/** Milliseconds for which the receiver thinks about each mail. */
let slow = 300;
/** The receiver answers no mail before this is resolved. */
let held = Promise.resolve();
afterEach(() => cluster?.close());

/** Account by account, in the order in which the mails arrived. */
const order = () => cluster.receiver.accepted.map(({ from }) => Number(/\d+/.exec(from)?.[0]));
const sender = (account: number) => ({ name: 'News', email: `account${account}@example.test` });

async function anAccount(): Promise<number> {
  const { _id } = await accounts(cluster.store).open('Another');
  return _id;
}

async function launch(account: number, readers: number): Promise<Campaign> {
  const list_id = await aList(cluster.store, account, readers);
  return cluster.begin(await cluster.draft(0, { account, list_id, from: sender(account) }));
}

/** What the first account sends before the other's first mail, and until its last. */
function expectShare(first: number, other: number, mostMeanwhile: number): void {
  const all = order();
  const [begin, end] = [all.indexOf(other), all.lastIndexOf(other)];
  const ofFirst = (from: number, to: number) => all.slice(from, to).filter((account) => account === first).length;
  expect(ofFirst(0, begin)).toBeLessThan(2 * READERS);
  expect(ofFirst(begin, end)).toBeLessThanOrEqual(mostMeanwhile);
}

/**
 * The first account has a lane for each slot. Another has its share of the connections of the process that sends its page: half
 * or a third of all connections in one process, a quarter at least in two.
 */
test.each([
  ['one process', [{ lanes: 4, connections: 8 }], 2 * FEW],
  ['two processes', Array.from({ length: 2 }, () => ({ lanes: 2, connections: 4 })), 4 * FEW],
])('%s: the mails of a second and a third account are not sent behind those of the first', async (_, workers, most) => {
  slow = 300;
  const on = async (step: string) => {
    if (step !== 'dot') return undefined;
    await held;
    if (slow > 0) await delay(slow);
    return undefined;
  };
  cluster = await aTestCluster({ script: { on }, times: LONG });
  await Promise.all(workers.map((worker) => cluster.worker(worker)));
  const { _id: first } = await accounts(cluster.store).ensureFirst();
  const many = await Promise.all(Array.from({ length: CAMPAIGNS }, () => launch(first, READERS)));
  await cluster.receiver.untilAccepted(20);
  // How long a launch takes says nothing about shares.
  let release: () => void = () => undefined;
  held = new Promise((resolve) => {
    release = resolve;
  });
  const others = [await anAccount(), await anAccount()];
  const few = await Promise.all(others.map((account) => launch(account, FEW)));
  for (const campaign of few) await cluster.untilState(campaign, 'sending');
  release();
  for (const campaign of few) await cluster.untilState(campaign, 'sent');
  for (const account of others) expectShare(first, account, most);
  slow = 0;
  for (const campaign of many) await cluster.untilState(campaign, 'sent');
  for (const campaign of [...many, ...few]) {
    const { totals } = await expectLedgerMatchesReceiver(cluster, campaign);
    expect(totals.sent).toBe(totals.recipients);
  }
});
