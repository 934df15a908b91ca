import type { Document } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { restored } from '../../../cli/database/restored.js';
import { readConfig } from '../../../config.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { uncertainRecipients } from '../../../store/campaigns/uncertain-recipients.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { SECRET } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { steered } from '../../support/store/campaigns.js';

const READERS = 600;

const refused = new Set<string>();
let greylists = true;
let cluster: TestCluster;
beforeAll(async () => {
  // Until the loss each tenth reader is refused once: the restored database has them as deferred, or as pending.
  const onRcpt = (address: string) => {
    if (!greylists || !/0@/.test(address) || refused.has(address)) return undefined;
    refused.add(address);
    return '451 4.7.1 try again later';
  };
  cluster = await aTestCluster({ script: { onRcpt } });
});
afterAll(() => cluster?.close());

type Copy = ReadonlyMap<string, readonly Document[]>;

/** All collections, as they were at one time. */
async function copyOf({ store: { db } }: TestCluster): Promise<Copy> {
  const names = (await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray()).map(
    ({ name }) => name,
  );
  const session = db.client.startSession({ snapshot: true });
  try {
    const copy = new Map<string, readonly Document[]>();
    for (const name of names) copy.set(name, await db.collection(name).find({}, { session }).toArray());
    return copy;
  } finally {
    await session.endSession();
  }
}

async function writeBack({ store: { db } }: TestCluster, copy: Copy): Promise<void> {
  for (const { name } of await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray()) {
    const rows = copy.get(name) ?? [];
    await db.collection(name).deleteMany({});
    if (rows.length > 0) await db.collection(name).insertMany([...rows]);
  }
}

/** How many mails of the campaign the receiving server accepted for each reader. */
function mailsByReader({ _id }: Campaign): ReadonlyMap<number, number> {
  const mails = new Map<number, number>();
  for (const { messageId } of cluster.receiver.accepted) {
    if (!messageId.startsWith(`<${_id}.`)) continue;
    const reader = Number(messageId.split('.')[1]);
    mails.set(reader, (mails.get(reader) ?? 0) + 1);
  }
  return mails;
}

test('after a restore each repeated mail was listed as uncertain before, and every recipient gets the mail', async () => {
  const { receiver, place, store } = cluster;
  const worker = await cluster.worker();
  const campaign = await cluster.launch(READERS, { settings: atRate(150) });
  await receiver.untilAccepted(60);
  const draft = await cluster.draft(1);
  const takenAt = new Date();
  const copy = await copyOf(cluster);
  await cluster.begin(draft);
  await receiver.untilAccepted(300);
  await worker.end('SIGKILL');
  greylists = false;
  const mailedBefore = mailsByReader(campaign);
  await writeBack(cluster, copy);

  const { mongodbUrl: MONGODB_URL, database: MONGODB_DATABASE, temporalAddress, namespace, prefix } = place;
  const config = readConfig({
    ...{ MONGODB_URL, MONGODB_DATABASE, EVERPOST_SECRET: SECRET },
    ...{ TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: namespace },
  });
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await restored(config, { takenAt, dryRun: false, listenFor: 0, prefix });
  const lines = said.mock.calls.map(([line]) => String(line));
  said.mockRestore();
  expect(lines.filter((line) => line.startsWith(`Campaign ${draft._id} ran after the backup, `))).toHaveLength(1);

  const row = await cluster.row(campaign);
  expect(row).toMatchObject({ state: 'paused', reason: 'restored' });
  const listed = new Set(await uncertainRecipients(store).ofCampaign(row));
  const { sent } = await cluster.totals(campaign);
  expect(listed.size + sent).toBe(READERS);
  await expect(cluster.client.workflow.getHandle(`campaign/${campaign._id}`).describe()).rejects.toThrow();

  await cluster.worker();
  await cluster.notify(steered(await campaigns(store).resume(row)));
  await cluster.untilState(campaign, 'sent');
  expect(mailsByReader(campaign)).toEqual(mailedBefore);
  const closed = await cluster.row(campaign);
  expect(new Set(await uncertainRecipients(store).ofCampaign(closed))).toEqual(listed);

  const again = { takes: ['uncertain' as const], due: new Date() };
  steered(await campaigns(store).changeRate(closed, 2_000));
  await cluster.notify(steered(await campaigns(store).reopen(await cluster.row(campaign), again)));
  await cluster.untilTrue(async () => (await cluster.totals(campaign)).sent === READERS);
  const mails = mailsByReader(campaign);
  expect(mails.size).toBe(READERS);
  const repeated = [...mails].filter(([, count]) => count > 1).map(([reader]) => reader);
  expect(repeated.filter((reader) => !listed.has(reader))).toEqual([]);
  // Many of them had their mail before the loss.
  expect(repeated.length).toBeGreaterThan(150);
});
