import type { Logger } from 'pino';
import { type Config, ConfigurationError } from '../config.js';
import { missingSettings } from './installation.js';
import { metricsRegistryOf, runApi, runWorker, storeOf, untilStopSignal } from './roles.js';
import { serveWorkerMetrics } from './worker-metrics.js';

function addresses(config: Config, role: 'api' | 'worker') {
  const faults = missingSettings(config, role);
  if (faults.length > 0) throw new ConfigurationError(faults);
  const { mongodbUrl = '', temporalAddress = '', smtpUrl = '' } = config;
  return { mongodbUrl, temporalAddress, smtpUrl };
}

/** `everpost api`: the API alone, against servers named in the environment. */
export async function api(config: Config, log: Logger): Promise<void> {
  const at = addresses(config, 'api');
  const store = await storeOf(config, at);
  const server = await runApi(config, store, at, log);
  log.info({ address: server.address }, 'API listens');
  if (server.firstKey !== undefined) console.log(`Your API key, shown this once: ${server.firstKey}`);
  await untilStopSignal();
  await server.stop();
  await store.close();
}

/** `everpost worker`: a worker alone; run as many as you like. */
export async function worker(config: Config, log: Logger): Promise<void> {
  const at = addresses(config, 'worker');
  const store = await storeOf(config, at);
  const registry = config.http.metricsPort === undefined ? undefined : metricsRegistryOf(config);
  const watched = await serveWorkerMetrics(config, registry, log);
  const running = await runWorker(config, store, at, log, registry);
  log.info('worker runs');
  try {
    await Promise.race([untilStopSignal(), running.ended]);
  } finally {
    await running.stop();
    watched?.stop();
    await store.close();
  }
}
