import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { TemplateCache } from '../services/template-cache.js';
import type { Store } from '../store/mongo/connect.js';
import type { Stores } from '../store/stores.js';
import type { WebClient } from '../web/client.js';
import type { Engine } from './engine/engine.js';

/** Everything a route may use. */
export interface Deps extends Stores {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly templateCache: TemplateCache;
  /** Requests to hosts that clients name, with their addresses checked. */
  readonly web: Pick<WebClient, 'send'>;
  readonly log: FastifyBaseLogger;
  /** Metrics of other components in this process, which `/metrics` shows with the API's own. */
  readonly registry?: Registry | undefined;
  /** How long a visitor of a tracked link waits for the write of the visit, in milliseconds; the group commit's own if absent. */
  readonly visitTimeout?: number;
}
