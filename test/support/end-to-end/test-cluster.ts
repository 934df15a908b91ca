import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { retryUntilClosed } from '../../../api/engine/lazy-client.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import type { ProtocolTimes } from '../../../domain/delivery/protocol.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import type { Campaign, NewCampaign } from '../../../store/campaigns/row.js';
import { majorityCollection, openStore, type Store } from '../../../store/mongo/connect.js';
import { workerEngine } from '../../../workers/engine.js';
import { prepareNamespace } from '../../../workers/namespace.js';
import type { SmtpScript } from '../scripted/smtp-script.js';
import { type SmtpServer, smtpServer } from '../scripted/smtp-server.js';
import { aDraft, steered } from '../store/campaigns.js';
import { until } from '../until.js';
import { aChild, type Child } from './child.js';
import { type ApiPlan, type ClusterAddresses, endToEndTimes, KEY, type WorkerPlan } from './plan.js';

export type TestCluster = Awaited<ReturnType<typeof aTestCluster>>;

export interface TestClusterPlan {
  readonly script?: SmtpScript;
  readonly times?: Partial<ProtocolTimes>;
  /** Servers of the test's own; otherwise those of the run. */
  readonly servers?: { mongodbUrl(): string; temporalAddress(): string };
  readonly sweepEvery?: number;
  /** A namespace of its own unless it is named: campaign ids are numbers, and each cluster begins at 1. */
  readonly namespace?: string;
  /** Prefix of the queues; a random one unless it is named. */
  readonly prefix?: string;
}

const LIMIT = 120_000;
/** A pass costs a tenth of a CPU second over all processes, whether it finds anything or not. */
const SWEEP_EVERY = 3_000;

/** One installation of Everpost in processes of its own, with a receiving server in this one. */
export async function aTestCluster(plan: TestClusterPlan = {}) {
  const { script = {}, times = {}, servers, namespace, prefix, sweepEvery = SWEEP_EVERY } = plan;
  const addresses: ClusterAddresses = {
    mongodbUrl: servers?.mongodbUrl() ?? inject('mongodbUrl'),
    temporalAddress: servers?.temporalAddress() ?? inject('temporalAddress'),
    database: `test_${randomUUID().replaceAll('-', '')}`,
    namespace: namespace ?? `end-to-end-${randomUUID()}`,
    prefix: prefix ?? `end-to-end-${randomUUID()}`,
  };
  const receiver = await smtpServer(script);
  const connection = await Connection.connect({ address: addresses.temporalAddress, interceptors: retryUntilClosed() });
  await prepareNamespace(connection, addresses.namespace);
  const client = new Client({ connection, namespace: addresses.namespace });
  const store = await openStore({ url: addresses.mongodbUrl, database: addresses.database });
  const engine = workerEngine({ client, prefix: addresses.prefix, publicUrl: 'http://everpost.test' });
  const children: Child[] = [];
  const started = async (child: Promise<Child>) => {
    children.push(await child);
    return child;
  };
  const begin = async (draft: Campaign): Promise<Campaign> => {
    const launched = steered(await campaigns(store).launch(draft));
    await engine.notifyCampaign(launched);
    return launched;
  };
  const row = async ({ account, _id }: Campaign): Promise<Campaign> => {
    const found = await campaigns(store).find(account, _id);
    if (found === null) throw new Error(`campaign ${_id} is gone`);
    return found;
  };

  return {
    place: addresses,
    store,
    receiver,
    client,
    row,
    times: endToEndTimes(times),
    /** A worker process, ready. */
    worker: (over: Partial<WorkerPlan> = {}) =>
      started(aChild('worker-main', { ...workerPlan(addresses, receiver, endToEndTimes(times)), sweepEvery, ...over })),
    api: (port: number, over: Partial<ApiPlan> = {}) =>
      started(aChild('api-main', { ...apiPlan(addresses, endToEndTimes(times)), port, ...over })),
    /** Launches a campaign to new readers as the API does: the row first, then the workflow. */
    launch: async (readers: number, over: Partial<NewCampaign> = {}): Promise<Campaign> =>
      begin(await aDraft(store, readers, over)),
    /** Launches a draft. */
    begin,
    /** A campaign that is not launched. */
    draft: (readers: number, over: Partial<NewCampaign> = {}): Promise<Campaign> => aDraft(store, readers, over),
    notify: (campaign: Campaign) => engine.notifyCampaign(campaign),
    totals: ({ account, _id }: Campaign) => recipients(store).totals(account, _id),
    /** Waits until the campaign's row is in that state. */
    untilState: (campaign: Campaign, state: Campaign['state']) =>
      until(async () => (await row(campaign)).state === state, LIMIT),
    /** Waits until no lane holds a page of it: between two windows nothing is in flight either, and a lane goes on. */
    untilAtRest: ({ account, _id }: Campaign) => until(async () => (await heldPages(store, account, _id)) === 0, LIMIT),
    /** Waits until the workflow has no pending task or activity. */
    untilIdle: (workflowId: string) => until(() => isIdle(client, workflowId), LIMIT),
    untilTrue: (condition: () => Promise<boolean> | boolean) => until(condition, LIMIT),
    close: async () => {
      for (const child of children) await child.end('SIGKILL');
      await receiver.close();
      await connection.close();
      await dropped(store);
    },
  };
}

function apiPlan(addresses: ClusterAddresses, { lease }: ProtocolTimes) {
  return { ...addresses, key: KEY, logLevel: 'silent', lease };
}

function workerPlan(addresses: ClusterAddresses, receiver: SmtpServer, times: ProtocolTimes) {
  const bundle = inject('workflowBundle');
  return { ...addresses, smtpUrl: receiver.url, times, bundle, lanes: 2, connections: 8, logLevel: 'fatal' };
}

function heldPages(store: Store, account: number, campaign: number): Promise<number> {
  const held = { $or: [{ token: { $ne: null } }, { $expr: { $ne: ['$settled', '$claimed'] } }] };
  return majorityCollection<LedgerPage>(store, 'ledger').countDocuments({ account, campaign, ...held });
}

async function isIdle({ workflow }: Client, workflowId: string): Promise<boolean> {
  const { raw } = await workflow.getHandle(workflowId).describe();
  return !raw.pendingWorkflowTask && (raw.pendingActivities ?? []).length === 0;
}

async function dropped(store: Store): Promise<void> {
  await store.db.dropDatabase();
  await store.close();
}
