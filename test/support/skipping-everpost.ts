import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { pino } from 'pino';
import type { Engine } from '../../activities/engine.js';
import { readConfig } from '../../config.js';
import { shrunkTimes } from '../../domain/protocol.js';
import { temporalTestServerPath } from '../../servers/temporal.js';
import { openStore } from '../../store/connect.js';
import { createWorkers } from '../../workers/main.js';
import { SEARCH_ATTRIBUTES } from '../../workers/namespace.js';
import { activityParts } from '../../workers/parts.js';
import { installRuntime } from '../../workers/runtime.js';
import { orderlyStop } from '../../workers/stop.js';
import { queuesOf } from '../../workflows/names.js';
import { smtpServer } from './smtp-server.js';
import { testDatabase } from './test-servers.js';

export type SkippingEverpost = Awaited<ReturnType<typeof skippingEverpost>>;

const PREFIX = 'skipping';
/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;
const KEYWORDS = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));

/** Whoever waits in these tests is woken by the test itself. */
const nobody: Engine = {
  campaignSighting: async () => ({ status: 'running', closedAt: null }),
  wakeCampaign: async () => undefined,
  confirmationSighting: async () => ({ status: 'running', closedAt: null }),
  wakeConfirmation: async () => undefined,
  importSighting: async () => ({ status: 'running', closedAt: null }),
  wakeImport: async () => undefined,
  wakeDraft: async () => undefined,
  wakeMessage: async () => undefined,
  wakeEndpoint: async () => undefined,
  keepSchedule: async () => undefined,
  forgetSchedule: async () => undefined,
  scheduledNewsletters: async () => [],
  issueSighting: async () => ({ status: 'running', closedAt: null }),
  wakeIssue: async () => undefined,
};

/** The real workflows and activities on the server whose time can be skipped: for one workflow at a time. */
export async function skippingEverpost(bundle: WorkflowBundleOption) {
  const log = pino({ level: 'silent' });
  installRuntime(log);
  const path = await temporalTestServerPath(readConfig(), () => undefined);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  await env.connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes: KEYWORDS });
  const folder = await mkdtemp(join(tmpdir(), 'everpost-skipping-'));
  const database = await testDatabase();
  const store = await openStore({ url: database.url, database: database.name });
  const receiver = await smtpServer();
  const config = { ...readConfig({}), dataDir: folder, smtpConnections: 4 };
  const times = shrunkTimes(0.05);
  const stop = orderlyStop();
  const parts = await activityParts({ config, store, times, lanes: 2, log, smtpUrl: receiver.url }, stop);
  const lanes = { prefix: PREFIX, config, bundle, lanes: 2, times };
  const workers = await createWorkers(lanes, env.nativeConnection, { ...parts, maxLanes: 2, engine: nobody });
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    env,
    store,
    receiver,
    taskQueue: queuesOf(PREFIX).workflows,
    close: async () => {
      stop.begin();
      for (const worker of workers) worker.shutdown();
      await running;
      await parts.ways.close();
      await parts.web.close();
      await parts.messageSteps.ended();
      await env.teardown();
      await receiver.close();
      await store.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
