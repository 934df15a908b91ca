import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { temporalEngine } from '../../../api/engine/engine.js';
import { lazyClient, retryUntilClosed } from '../../../api/engine/lazy-client.js';
import { openLog } from '../../../api/log.js';
import { type Config, readConfig } from '../../../config.js';
import type { RunningWorker } from '../../../workers/main.js';
import { anApi } from '../api/api.js';
import { modelServer } from '../scripted/model-server.js';
import type { SmtpScript } from '../scripted/smtp-script.js';
import { smtpServer } from '../scripted/smtp-server.js';
import { type TestTemporal, testNamespace } from '../servers/test-servers.js';
import { ownWorker } from './own-worker.js';

export type DraftEverpost = Awaited<ReturnType<typeof draftEverpost>>;

/** Its Temporal and further variables of its environment. */
export interface DraftEverpostOptions {
  readonly temporal?: TestTemporal;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The API with its engine, a worker in this process, a scripted model and a receiver. */
export async function draftEverpost(script: SmtpScript = {}, options: DraftEverpostOptions = {}) {
  const model = await modelServer();
  const receiver = await smtpServer({ keepRaw: true, ...script });
  const { address, namespace } = options.temporal ?? (await testNamespace());
  const prefix = `drafts-${randomUUID()}`;
  const lazy = lazyClient(address, namespace);
  const environment = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, ...options.environment };
  const log = openLog(readConfig({ LOG_LEVEL: 'silent' }));
  const engine = temporalEngine({ client: lazy.client, prefix, publicUrl: 'http://everpost.test', log });
  const api = await anApi(environment, { engine });
  const config: Config = { ...api.deps.config, smtpConnections: 4, temporalNamespace: namespace };
  const connection = await Connection.connect({ address, interceptors: retryUntilClosed() });
  let worker: RunningWorker | undefined;

  return {
    api,
    model,
    receiver,
    client: new Client({ connection, namespace }),
    startWorker: async () => {
      const { store } = api;
      worker = await ownWorker({ config, store, smtpUrl: receiver.url, temporalAddress: address, prefix });
    },
    close: async () => {
      await worker?.stop();
      await engine.close();
      await lazy.close();
      await connection.close();
      await api.close();
      await receiver.close();
      await model.close();
    },
  };
}
