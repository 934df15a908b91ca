import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { inject } from 'vitest';
import type { Engine } from '../../../activities/engine.js';
import { readConfig } from '../../../config.js';
import { shrunkTimes } from '../../../domain/delivery/protocol.js';
import { temporalTestServerPath } from '../../../servers/temporal.js';
import { openStore } from '../../../store/mongo/connect.js';
import { installRuntime } from '../../../workers/main.js';
import { SEARCH_ATTRIBUTES } from '../../../workers/namespace.js';
import { createWorkers } from '../../../workers/queue-workers.js';
import { activityWiring, orderlyStop } from '../../../workers/wiring.js';
import { queuesOf } from '../../../workflows/names.js';
import { smtpServer } from '../scripted/smtp-server.js';
import { testDatabase } from '../servers/test-servers.js';

export type TimeSkippingEverpost = Awaited<ReturnType<typeof timeSkippingEverpost>>;

const PREFIX = 'skipping';
/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;
const KEYWORDS = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));

/** The tests send the signals themselves. */
const idleEngine: Engine = {
  campaignWorkflowStatus: async () => ({ status: 'running', closedAt: null }),
  notifyCampaign: async () => undefined,
  confirmationWorkflowStatus: async () => ({ status: 'running', closedAt: null }),
  startConfirmation: async () => undefined,
  importWorkflowStatus: async () => ({ status: 'running', closedAt: null }),
  startImport: async () => undefined,
  startDraft: async () => undefined,
  startMessage: async () => undefined,
  startMessages: async () => undefined,
  messageRunStatus: async () => ({ status: 'running', closedAt: null }),
  notifyEndpoint: async () => undefined,
  reconcileSchedule: async () => undefined,
  deleteSchedule: async () => undefined,
  scheduledNewsletters: async () => [],
  issueWorkflowStatus: async () => ({ status: 'running', closedAt: null }),
  notifyIssue: async () => undefined,
};

/** The real workflows and activities on the server whose time can be skipped: for one workflow at a time. */
export async function timeSkippingEverpost() {
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
  const wiring = await activityWiring({ config, store, times, lanes: 2, log, smtpUrl: receiver.url }, stop);
  const bundle = { codePath: inject('workflowBundle') };
  const lanes = { prefix: PREFIX, config, bundle, lanes: 2, times };
  const workers = await createWorkers(lanes, env.nativeConnection, { ...wiring, maxLanes: 2, engine: idleEngine });
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
      await wiring.outgoing.close();
      await wiring.web.close();
      await wiring.messageSteps.ended();
      await env.teardown();
      await receiver.close();
      await store.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
