import { pino } from 'pino';
import { readConfig } from '../../../config.js';
import { openStore } from '../../../store/mongo/connect.js';
import { startWorker } from '../../../workers/main.js';
import { exitWithTest } from './exit-with-test.js';
import { SECRET, type WorkerPlan } from './plan.js';

exitWithTest();

const plan = JSON.parse(process.argv[2] ?? '') as WorkerPlan;
const { times, lanes, sweepEvery, connections, bundle, prefix, smtpUrl, temporalAddress } = plan;

const store = await openStore({ url: plan.mongodbUrl, database: plan.database, ledgerTimeout: times.storeTimeout });
const worker = await startWorker({
  config: {
    ...readConfig(plan.environment ?? {}),
    temporalNamespace: plan.namespace,
    secret: SECRET,
    smtpConnections: connections,
    allowedPrivateHosts: ['127.0.0.1'],
  },
  store,
  smtpUrl,
  temporalAddress,
  times,
  lanes,
  prefix,
  log: pino({ level: plan.logLevel }, pino.destination(2)),
  sweepTiming: { every: sweepEvery, runFor: 30_000 },
  bundle: { codePath: bundle },
});
process.once('SIGTERM', () => void worker.stop());
process.stdout.write('ready\n');
await worker.ended;
await store.close();
