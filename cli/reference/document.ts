import { MongoClient } from 'mongodb';
import { buildApp } from '../../api/app.js';
import { nounStores } from '../../api/deps.js';
import { idleEngine } from '../../api/engine.js';
import { openLog } from '../../api/logging.js';
import { openPress } from '../../api/press.js';
import { readConfig } from '../../config.js';
import { webClient } from '../../web/client.js';

export interface OpenApi {
  readonly paths: object;
}

/** The OpenAPI document of an app that is built and never served. */
export async function openApiDocument(): Promise<OpenApi> {
  const config = readConfig({ EVERPOST_SECRET: 'nothing is sealed with this', LOG_LEVEL: 'silent' });
  // Clients connect when they are first asked for something; this one never is.
  const db = new MongoClient('mongodb://127.0.0.1').db('reference');
  const store = { db, ledger: db, close: async () => {} };
  const deps = {
    config,
    store,
    engine: idleEngine,
    press: openPress(),
    web: webClient({ exceptions: [] }),
    log: openLog(config),
    ...nounStores(store, config.secret ?? ''),
  };
  const app = await buildApp(deps);
  await app.ready();
  const document = app.swagger();
  await app.close();
  return { paths: {}, ...document };
}
