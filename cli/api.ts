import type { FastifyBaseLogger } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { temporalEngine } from '../api/engine/engine.js';
import { lazyClient } from '../api/engine/lazy-client.js';
import { type ApiServer, serveApi } from '../api/server.js';
import type { OwnServers } from '../api/wiring.js';
import { temporalConnection } from '../config/temporal-connection.js';
import type { Config } from '../config.js';
import { messages } from '../store/messages/messages.js';
import type { Store } from '../store/mongo/connect.js';
import { DEFAULT_PREFIX } from '../workflows/names.js';
import { type Addresses, addressesFor } from './addresses.js';
import { joinedStore } from './processes.js';
import { untilStopSignal } from './stop-signal.js';
import type { WorkerRole } from './worker/worker.js';

/** `everpost api`: the API alone, against servers named in the environment. */
export async function api(config: Config, log: Logger): Promise<void> {
  const at = addressesFor(config, 'api');
  const { store, close } = await joinedStore(config, at, 'api', log);
  const server = await runApi(config, store, at, log);
  log.info({ address: server.address }, 'API listens');
  if (server.firstKey !== undefined) console.log(`Your API key, shown this once: ${server.firstKey}`);
  await untilStopSignal();
  await server.stop();
  await close();
}

/** What the API sees of the same process. */
interface SameProcess {
  /** The worker, while it runs. */
  readonly worker?: () => WorkerRole | undefined;
  readonly registry?: Registry | undefined;
  readonly ownServers?: OwnServers;
}

/** The API role over an open store. */
export async function runApi(
  config: Config,
  store: Store,
  at: Addresses,
  log: Logger,
  { worker = () => undefined, registry, ownServers }: SameProcess = {},
): Promise<ApiServer> {
  const temporal = lazyClient(at.temporalAddress, config.temporalNamespace, temporalConnection(config.temporalAccess));
  const engine = temporalEngine({
    client: temporal.client,
    localWorker: worker,
    prefix: DEFAULT_PREFIX,
    publicUrl: config.publicUrl,
    log: log as FastifyBaseLogger,
    messages: messages(store),
  });
  const otherMetrics = async () => (await worker()?.otherMetrics()) ?? [];
  const server = await serveApi({
    config,
    store,
    engine,
    log: log as FastifyBaseLogger,
    registry,
    otherMetrics,
    ownServers,
  });
  return {
    ...server,
    stop: async () => {
      await server.stop();
      await engine.close();
      await temporal.close();
    },
  };
}
