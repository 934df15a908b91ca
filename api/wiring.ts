import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { ServerOutage } from '../domain/servers/restarts.js';
import type { TextTasks } from '../mail/tasks/text-tasks.js';
import type { TemplateCache } from '../services/template-cache.js';
import type { Store } from '../store/mongo/connect.js';
import type { Stores } from '../store/stores.js';
import type { WebClient } from '../web/client.js';
import type { Engine } from './engine/engine.js';
import type { TimeLimits } from './hooks/limits/time-limits.js';

export type OtherMetrics = () => Promise<readonly string[]>;

/** The servers that this process has started itself. */
export interface OwnServers {
  /** Addresses as its operator opens them; undefined where another server is used. */
  readonly temporalUi: string | undefined;
  readonly inboxUrl: string | undefined;
  /** Those that have ended and do not run again yet. */
  outages(): readonly ServerOutage[];
}

/** The dependencies of routes. */
export interface Deps extends Stores {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly renderer: TemplateCache;
  readonly tasks: TextTasks;
  /** HTTP client for hosts that customers name; it checks their addresses. */
  readonly web: Pick<WebClient, 'send'>;
  /** Servers that this process has started itself. */
  readonly ownServers?: OwnServers | undefined;
  readonly log: FastifyBaseLogger;
  /** Metrics of other components in this process, which `/metrics` shows with the API's own. */
  readonly registry?: Registry | undefined;
  /** Metrics of other processes of this worker, each in Prometheus' text format. */
  readonly otherMetrics?: OtherMetrics | undefined;
  /** Time limits of requests; TIME_LIMITS if absent. */
  readonly timeLimits?: TimeLimits;
  /** Milliseconds for which reads that every message needs are kept; one second if absent, 0 keeps none. */
  readonly readsKeptFor?: number;
  /** Milliseconds between two readings of the store for metrics; ten seconds if absent, 0 reads each time. */
  readonly metricsReadEvery?: number;
  /** Milliseconds that a visit to a tracked link waits for its write; the default of the group commit if absent. */
  readonly visitTimeout?: number;
}
