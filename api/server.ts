import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { openTextTasks } from '../mail/tasks/text-tasks.js';
import { openTemplateCache } from '../services/template-cache.js';
import { ensureFirstAccount } from '../store/keys/keys.js';
import type { Store } from '../store/mongo/connect.js';
import { keptSecret } from '../store/secrets/sealing.js';
import { stores } from '../store/stores.js';
import { webClient } from '../web/client.js';
import { buildApp } from './app.js';
import type { Engine } from './engine/engine.js';
import type { TimeLimits } from './hooks/limits/time-limits.js';
import { openInboundSmtp } from './inbound-smtp.js';
import type { OtherMetrics, OwnServers } from './wiring.js';

export interface ServerOptions {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly log: FastifyBaseLogger;
  /** Metrics of a worker in this process, for `/metrics`. */
  readonly registry?: Registry | undefined;
  readonly otherMetrics?: OtherMetrics | undefined;
  /** For the page at `/` and for `/ready`. */
  readonly ownServers?: OwnServers | undefined;
  /** Milliseconds between two readings of the store for metrics; ten seconds if absent. */
  readonly metricsReadEvery?: number;
  /** TIME_LIMITS if absent. */
  readonly timeLimits?: TimeLimits;
  /** Milliseconds that open requests have at shutdown; STOP_TIMEOUT_MS if absent. */
  readonly stopTimeout?: number;
}

/** Less than the grace period of a container. */
const STOP_TIMEOUT_MS = 25_000;

export interface ApiServer {
  /** The actual address, such as `http://127.0.0.1:3000`. */
  readonly address: string;
  /** The key of the first account if this start created it; the caller shows it once. */
  readonly firstKey: string | undefined;
  /** The SMTP port for incoming reports, where it is enabled. */
  readonly inboundPort: number | undefined;
  /** Refuses new requests, answers open ones, then returns. Store and engine stay open: the caller owns them. */
  stop(): Promise<void>;
}

/** The composition root of the API: connects its parts and listens. */
export async function serveApi(options: ServerOptions): Promise<ApiServer> {
  const { config, store } = options;
  const { secret: firstKey } = await ensureFirstAccount(store, config);
  const secret = config.secret ?? keptSecret(config.dataDir);
  const renderer = openTemplateCache();
  const tasks = openTextTasks();
  const web = webClient({ exceptions: config.allowedPrivateHosts });
  const rows = stores(store, { secret });
  const app = await buildApp({ ...options, renderer, tasks, web, ...rows });
  app.addHook('onClose', () => Promise.all([renderer.close(), tasks.close()]));
  app.addHook('onClose', () => web.close());
  let stopping = false;
  app.addHook('onSend', async (_request, reply) => {
    // A connection kept alive longer would delay the shutdown.
    if (stopping) reply.header('connection', 'close');
  });
  const address = await app.listen({ host: config.host, port: config.port });
  const { inboundSmtpPort } = config;
  const inboundSmtp =
    inboundSmtpPort === undefined ? undefined : await openInboundSmtp({ ...options, ...rows }, inboundSmtpPort);
  const stop = async () => {
    stopping = true;
    // Clients that are still sending have had their time.
    const limit = setTimeout(() => app.server.closeAllConnections(), options.stopTimeout ?? STOP_TIMEOUT_MS);
    await Promise.all([app.close(), inboundSmtp?.stop()]);
    clearTimeout(limit);
  };
  return { address, firstKey, inboundPort: inboundSmtp?.port, stop };
}
