import { randomUUID } from 'node:crypto';
import { temporalEngine } from '../../../api/engine/engine.js';
import { lazyClient } from '../../../api/engine/lazy-client.js';
import { openLog } from '../../../api/log.js';
import { type Config, readConfig } from '../../../config.js';
import { freePort } from '../../../servers/ports.js';
import { anApi } from '../api/api.js';
import { ownWorker, QUICK_RETRIES } from '../everpost/own-worker.js';
import { aDraftAnswer, modelServer, says } from '../scripted/model-server.js';
import type { SmtpScript } from '../scripted/smtp-script.js';
import { smtpServer } from '../scripted/smtp-server.js';
import { testNamespace } from '../servers/test-servers.js';

export type Product = Awaited<ReturnType<typeof theProduct>>;

/** The product as a caller meets it: an API on a port, a worker, a mail server that takes the mails, a model that drafts. */
export async function theProduct(script: SmtpScript = {}) {
  const model = await modelServer(says(aDraftAnswer({ blocks: [{ type: 'paragraph', text: 'Try it for 14 days.' }] })));
  const receiver = await smtpServer({ keepRaw: true, ...script });
  const { address, namespace } = await testNamespace();
  const prefix = `dialects-${randomUUID()}`;
  const lazy = lazyClient(address, namespace);
  const log = openLog(readConfig({ LOG_LEVEL: 'silent' }));
  const engine = temporalEngine({ client: lazy.client, prefix, publicUrl: 'http://everpost.test', log });
  const port = await freePort(0);
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    PUBLIC_URL: url,
    ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: model.url,
  };
  const api = await anApi(environment, { engine });
  await api.app.listen({ host: '127.0.0.1', port });
  const config: Config = { ...api.deps.config, smtpConnections: 4, temporalNamespace: namespace };
  const { store } = api;
  const own = { config, store, smtpUrl: receiver.url, temporalAddress: address, prefix };
  const worker = await ownWorker({ ...own, times: QUICK_RETRIES });
  return {
    api,
    url,
    receiver,
    close: async () => {
      await worker.stop();
      await engine.close();
      await lazy.close();
      await api.close();
      await receiver.close();
      await model.close();
    },
  };
}
