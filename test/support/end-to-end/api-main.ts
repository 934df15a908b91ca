import { temporalEngine } from '../../../api/engine/engine.js';
import { lazyClient } from '../../../api/engine/lazy-client.js';
import { TIME_LIMITS } from '../../../api/hooks/limits/time-limits.js';
import { openLog } from '../../../api/log.js';
import { serveApi } from '../../../api/server.js';
import { readConfig } from '../../../config.js';
import { messages } from '../../../store/messages/messages.js';
import { openStore } from '../../../store/mongo/connect.js';
import { exitWithTest } from './exit-with-test.js';
import { type ApiPlan, SECRET } from './plan.js';

exitWithTest();

const plan = JSON.parse(process.argv[2] ?? '') as ApiPlan;
const environment = {
  ...{ PORT: `${plan.port}`, EVERPOST_API_KEY: plan.key, EVERPOST_SECRET: SECRET },
  METRICS_TOKEN: plan.key,
};
// No request is refused on a busy machine: these tests count lost responses.
const limits = { RATE_LIMIT_PER_MINUTE: '0' };
const timeLimits = { ...TIME_LIMITS, loopDelay: 0 };
const config = readConfig({ ...environment, ...limits, LOG_LEVEL: plan.logLevel });
const store = await openStore({ url: plan.mongodbUrl, database: plan.database });
const log = openLog(config);
const { client } = lazyClient(plan.temporalAddress, plan.namespace);
const engine = temporalEngine({
  client,
  prefix: plan.prefix,
  publicUrl: 'http://everpost.test',
  log,
  messages: messages(store),
  lease: plan.lease,
});
await serveApi({ config, store, engine, log, timeLimits, metricsReadEvery: 0 });
process.stdout.write('ready\n');
