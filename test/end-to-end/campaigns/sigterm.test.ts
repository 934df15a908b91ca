import { afterAll, beforeAll, expect, test } from 'vitest';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import type { Child } from '../../support/end-to-end/child.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

let cluster: TestCluster;
/** Continues the work of the first worker. */
let next: Child;
beforeAll(async () => {
  cluster = await aTestCluster();
});
afterAll(() => cluster?.close());

test('a worker stopped by SIGTERM leaves no recipient uncertain if the receiver replies', async () => {
  // Enough for a busy machine; the worker ends as soon as no mail is open.
  const longTimes = { ...cluster.times, drain: 25_000, shutdownGrace: 35_000 };
  const worker = await cluster.worker({ times: longTimes });
  const campaign = await cluster.launch(500, { settings: atRate(300) });
  await cluster.receiver.untilAccepted(200);
  expect(await worker.end('SIGTERM')).toBe('0');
  expect(await cluster.totals(campaign)).toMatchObject({ in_flight: 0, uncertain: 0, deferred: 0 });

  next = await cluster.worker();
  await cluster.untilState(campaign, 'sent');
  const { totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals.sent).toBe(500);
});

test('a worker stopped by SIGTERM leaves only mails without a reply at the drain limit as uncertain', async () => {
  const before = cluster.receiver.accepted.length;
  const campaign = await cluster.launch(300);
  await cluster.receiver.untilAccepted(before + 100);
  const letGo = cluster.receiver.hold();
  const all = cluster.receiver.steps;
  await cluster.receiver.untilStep('dot', all.dot + 4);
  expect(await next.end('SIGTERM')).toBe('0');
  // The receiver may still read data that the worker has sent.
  const unanswered = (await cluster.totals(campaign)).uncertain;
  await cluster.untilTrue(() => all.dot - cluster.receiver.accepted.length === unanswered);
  expect(await cluster.totals(campaign)).toMatchObject({ in_flight: 0, uncertain: unanswered });
  letGo();
  await cluster.untilTrue(() => cluster.receiver.accepted.length === all.dot);

  await cluster.worker();
  await cluster.untilState(campaign, 'sent');
  const { uncertain, arrived, totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(uncertain).toHaveLength(unanswered);
  expect(arrived).toEqual(uncertain);
  expect(totals.sent).toBe(300 - unanswered);
});
