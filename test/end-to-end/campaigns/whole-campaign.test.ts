import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaignWorkflowId, laneWorkflowId } from '../../../workflows/names.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

/** Three pages. */
const READERS = 1_100;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await aTestCluster();
});
afterAll(() => cluster?.close());

test('1,100 recipients get 1,100 different mails, each once, and Temporal stores no address of them', async () => {
  await cluster.worker();
  // Further lanes begin where the first is still under way after a second.
  const letGo = cluster.receiver.hold();
  const campaign = await cluster.launch(READERS);
  const lane = laneWorkflowId(campaign._id, 1);
  await cluster.untilTrue(async () => (await cluster.client.workflow.count(`WorkflowId = '${lane}'`)).count === 1);
  letGo();
  await cluster.untilState(campaign, 'sent');

  const { totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals).toMatchObject({ sent: READERS, recipients: READERS });
  expect((await cluster.row(campaign)).recipient_count).toBe(READERS);
  const { accepted } = cluster.receiver;
  expect(new Set(accepted.map(({ messageId }) => messageId)).size).toBe(READERS);
  for (const { to, raw } of accepted) {
    const name = `Reader ${/\d+/.exec(to[0] ?? '')?.[0]}`;
    const mail = await PostalMime.parse(raw ?? '');
    expect(mail.subject).toBe(`News for ${name}`);
    expect(mail.html).toMatch(new RegExp(`<p[^>]*>Hello ${name}</p>`));
  }

  const query = `EverpostCampaign = '${campaign._id}' AND EverpostPhase = 'sent'`;
  await cluster.untilTrue(async () => (await cluster.client.workflow.count(query)).count === 1);
  const own = `WorkflowId STARTS_WITH '${campaignWorkflowId(campaign._id)}'`;
  const ids: string[] = [];
  for await (const { workflowId } of cluster.client.workflow.list({ query: own })) ids.push(workflowId);
  expect(ids).toContain(campaignWorkflowId(campaign._id));
  expect(ids).toContain(lane);
  for (const id of ids) {
    const history = JSON.stringify(await cluster.client.workflow.getHandle(id).fetchHistory());
    const decoded = payloadsOf(history);
    expect(decoded.length).toBeGreaterThan(1);
    expect(decoded.filter((text) => text.includes('@'))).toEqual([]);
    // Outside its payloads a history has only the names of processes, queues and failures.
    expect(history.match(/reader\d+@|example\.test/g)).toBeNull();
  }
});

/** The decoded payloads of a history, which are stored in base64. */
function payloadsOf(history: string): string[] {
  return [...history.matchAll(/"data":"([^"]*)"/g)].map(([, data = '']) => Buffer.from(data, 'base64').toString());
}
