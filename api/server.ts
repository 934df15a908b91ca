import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config.js';
import type { Store } from '../store/connect.js';
import { ensureFirstAccount } from '../store/keys.js';
import { keptSecret } from '../store/sealing.js';
import { webClient } from '../web/client.js';
import { buildApp } from './app.js';
import { nounStores } from './deps.js';
import type { Engine } from './engine.js';
import { openPress } from './press.js';
import { openIntake } from './smtp/intake.js';

export interface ServerParts {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly log: FastifyBaseLogger;
}

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
export async function serveApi(parts: ServerParts): Promise<ApiServer> {
  const { config, store } = parts;
  const { secret: firstKey } = await ensureFirstAccount(store, config);
  const secret = config.secret ?? keptSecret(config.dataDir);
  const press = openPress();
  const web = webClient({ exceptions: config.allowedPrivateHosts });
  const nouns = nounStores(store, secret);
  const app = await buildApp({ ...parts, press, web, ...nouns });
  app.addHook('onClose', () => press.close());
  app.addHook('onClose', () => web.close());
  const address = await app.listen({ host: config.host, port: config.port });
  const { inboundSmtpPort } = config;
  const intake = inboundSmtpPort === undefined ? undefined : await openIntake({ ...parts, ...nouns }, inboundSmtpPort);
  const stop = async () => {
    await Promise.all([app.close(), intake?.stop()]);
  };
  return { address, firstKey, inboundPort: intake?.port, stop };
}
