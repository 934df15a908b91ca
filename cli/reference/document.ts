import { MongoClient } from 'mongodb';
import { buildApp } from '../../api/app.js';
import { idleEngine } from '../../api/engine/engine.js';
import { openLog } from '../../api/hooks/logging.js';
import { readConfig } from '../../config.js';
import { openTemplateCache } from '../../services/template-cache.js';
import { stores } from '../../store/stores.js';
import { webClient } from '../../web/client.js';

export interface OpenApi {
  readonly paths: object;
}

/** The OpenAPI document of an app that is built and never served. */
export async function openApiDocument(): Promise<OpenApi> {
  const config = readConfig({ EVERPOST_SECRET: 'nothing is sealed with this', LOG_LEVEL: 'silent' });
  // A client connects at its first operation; here there is none.
  const db = new MongoClient('mongodb://127.0.0.1').db('reference');
  const store = { db, ledger: db, close: async () => {} };
  const deps = {
    config,
    store,
    engine: idleEngine,
    templateCache: openTemplateCache(),
    web: webClient({ exceptions: [] }),
    log: openLog(config),
    ...stores(store, { secret: config.secret ?? '' }),
  };
  const app = await buildApp(deps);
  await app.ready();
  const document = app.swagger();
  await app.close();
  return { paths: {}, ...document };
}
