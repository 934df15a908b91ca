import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { inject } from 'vitest';
import { readConfig } from '../../../config.js';
import { shrunkTimes } from '../../../domain/delivery/protocol.js';
import { temporalTestServerPath } from '../../../servers/temporal.js';
import { openStore } from '../../../store/mongo/connect.js';
import { installRuntime } from '../../../workers/main.js';
import { SEARCH_ATTRIBUTES } from '../../../workers/namespace.js';
import { queuesOf } from '../../../workflows/names.js';
import { smtpServer } from '../scripted/smtp-server.js';
import { testDatabase } from '../servers/test-servers.js';
import { queueWorkers } from './queue-workers.js';

export type TimeSkippingEverpost = Awaited<ReturnType<typeof timeSkippingEverpost>>;

const PREFIX = 'skipping';
/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;
const KEYWORDS = Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD]));

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
  const bundle = { codePath: inject('workflowBundle') };
  const connection = env.nativeConnection;
  const own = { config, store, times, log, bundle, connection, smtpUrl: receiver.url };
  const workers = await queueWorkers({ ...own, lanes: 2, prefix: PREFIX });
  return {
    env,
    store,
    receiver,
    taskQueue: queuesOf(PREFIX).workflows,
    close: async () => {
      await workers.stop();
      await env.teardown();
      await receiver.close();
      await store.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
