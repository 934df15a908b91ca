import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { openTemplateCache } from '../services/template-cache.js';
import { ensureFirstAccount } from '../store/keys/keys.js';
import type { Store } from '../store/mongo/connect.js';
import { keptSecret } from '../store/secrets/sealing.js';
import { stores } from '../store/stores.js';
import { webClient } from '../web/client.js';
import { buildApp } from './app.js';
import type { Engine } from './engine/engine.js';
import { openInboundSmtp } from './smtp/inbound-server.js';

export interface ServerOptions {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly log: FastifyBaseLogger;
  /** Figures of a worker in this process, for `/metrics`. */
  readonly registry?: Registry | undefined;
  /** Milliseconds that open requests have at a stop; PATIENCE where absent. */
  readonly stopTimeout?: number;
}

/** Less than a container is given to end. */
const STOP_TIMEOUT_MS = 25_000;

export interface ApiServer {
  /** Where it really listens, such as `http://127.0.0.1:3000`. */
  readonly address: string;
  /** The key of the first account if it was made just now: whoever starts the server shows it, once. */
  readonly firstKey: string | undefined;
  /** The port on which reports are taken in by SMTP, where that is on. */
  readonly inboundPort: number | undefined;
  /** Takes no new requests, answers the open ones, then returns. Store and engine stay open: they are the caller's. */
  stop(): Promise<void>;
}

/** The composition root of the API: puts its parts together and listens. */
export async function serveApi(options: ServerOptions): Promise<ApiServer> {
  const { config, store } = options;
  const { secret: firstKey } = await ensureFirstAccount(store, config);
  const secret = config.secret ?? keptSecret(config.dataDir);
  const templateCache = openTemplateCache();
  const web = webClient({ exceptions: config.allowedPrivateHosts });
  const rows = stores(store, { secret });
  const app = await buildApp({ ...options, templateCache, web, ...rows });
  app.addHook('onClose', () => templateCache.close());
  app.addHook('onClose', () => web.close());
  let stopping = false;
  app.addHook('onSend', async (_request, reply) => {
    // A connection that is kept open for more would keep the server from stopping.
    if (stopping) reply.header('connection', 'close');
  });
  const address = await app.listen({ host: config.host, port: config.port });
  const { inboundSmtpPort } = config;
  const inboundSmtp =
    inboundSmtpPort === undefined ? undefined : await openInboundSmtp({ ...options, ...rows }, inboundSmtpPort);
  const stop = async () => {
    stopping = true;
    // Whoever is still sending then has had their time.
    const limit = setTimeout(() => app.server.closeAllConnections(), options.stopTimeout ?? STOP_TIMEOUT_MS);
    await Promise.all([app.close(), inboundSmtp?.stop()]);
    clearTimeout(limit);
  };
  return { address, firstKey, inboundPort: inboundSmtp?.port, stop };
}
