import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { connectionShare, rateOf, type TransportPurpose, type TransportUse } from '../../domain/transport.js';
import { UNREACHED } from '../smtp/handshake.js';
import { type SharedLimit, sharedLimit } from '../smtp/pool/connection-limit.js';
import type { Dial, RecordDuration } from '../smtp/settings.js';
import type { Route, RouteEntry } from './failover.js';
import { monitorTransport, SLOW } from './monitor.js';
import { type RouteHealth, routeHealth } from './route-health.js';
import { smtpTransport, type Transport } from './transport.js';

/** A route as configured by an account; a new version replaces the open connections. */
export interface RoutePlan {
  readonly route: Route;
  readonly url: string;
  readonly version: number;
  readonly dial?: Dial | undefined;
  /** The next mail of a campaign is sent ahead; a message never waits behind the dot of another (docs/architecture/protocol.md "The sender"). */
  readonly use: TransportUse;
  /** All connections of the route, if campaigns and messages of this process share them. */
  readonly sharedConnections?: number | undefined;
}

export interface OpenRoute extends Pick<RouteEntry, 'monitor'> {
  readonly version: number;
  readonly report: RouteReport | undefined;
}

/** Passes the health of a route on. */
interface RouteReport {
  readonly changed: (isTransition: boolean) => void;
  readonly remove: () => void;
}

export interface RouteSettings {
  readonly times: ProtocolTimes;
  readonly log: { warn(details: object, message: string): void };
  readonly recordDuration?: RecordDuration | undefined;
  /** Begins to report a route that was opened. */
  readonly reportRoute?: ((plan: RoutePlan, health: RouteHealth['health']) => RouteReport) | undefined;
}

export type RouteOpener = ReturnType<typeof routeOpener>;

/** Milliseconds to wait for a session if the account has another route. */
const SESSION_TIMEOUT_MS = 5_000;

/** Opens the routes of this process and closes them together. */
export function routeOpener({ times, log: logger, recordDuration, reportRoute }: RouteSettings) {
  const opened = new Set<Transport>();
  const limits = sharedLimits();
  let isDestroyed = false;
  return {
    open: (plan: RoutePlan): OpenRoute => {
      const { route, url, version, dial, use } = plan;
      const { id: name, connections } = route;
      const log = (message: string, details: object) => logger.warn({ ...details, transport: name }, message);
      const pipelining = use === 'bulk' ? 'across' : 'within';
      const transport = smtpTransport({
        url,
        connections,
        limit: limits(plan),
        times,
        dial,
        log,
        recordDuration,
        pipelining,
      });
      if (isDestroyed) transport.destroy();
      const health = routeHealth({
        longestWait: times.firstRetry,
        changed: (isTransition) => report?.changed(isTransition),
      });
      const report = reportRoute?.(plan, health.health);
      // For a host that is not trusted, a port that is slow to answer looks like one that refuses.
      const slow = dial === undefined ? SLOW : UNREACHED;
      const settings = { name, sessionTimeout: SESSION_TIMEOUT_MS, slow, log, health };
      const monitor = monitorTransport(transport, settings);
      opened.add(monitor.transport);
      return { version, report, monitor };
    },

    /** Closes a route after its mail in flight. */
    drain: ({ monitor: { transport }, report }: OpenRoute): void => {
      report?.remove();
      void transport.close().finally(() => opened.delete(transport));
    },

    /** Closes all sockets at once; a route that is opened later is closed at once, too. */
    destroy: (): void => {
      isDestroyed = true;
      for (const transport of opened) transport.destroy();
    },

    /** Finishes mail in flight, also on changed and removed routes. */
    close: async (): Promise<void> => {
      await Promise.all([...opened].map((transport) => transport.close()));
    },
  };
}

/** Both uses of a route have one limit; a new version of the route has a new one. */
function sharedLimits() {
  const known = new Map<string, { readonly version: number; readonly limit: SharedLimit }>();
  return ({ route: { id, connections }, version, use, sharedConnections: all }: RoutePlan) => {
    if (all === undefined) return undefined;
    const reserved = use === 'transactional' ? connections : all - connections;
    const last = known.get(id);
    const entry = last?.version === version ? last : { version, limit: sharedLimit(all, reserved) };
    known.set(id, entry);
    return entry.limit[use];
  };
}

/** Keeps a route open while its plan has the same version; routes without a plan are drained. */
export function keepRoutesOpen({ open, drain }: Pick<RouteOpener, 'open' | 'drain'>) {
  let openById = new Map<string, OpenRoute>();
  return (plans: readonly RoutePlan[]): RouteEntry[] => {
    const before = openById;
    openById = new Map(
      plans.map((plan) => {
        const known = before.get(plan.route.id);
        return [plan.route.id, known?.version === plan.version ? known : open(plan)];
      }),
    );
    for (const [id, opened] of before) if (openById.get(id) !== opened) drain(opened);
    return plans.flatMap(({ route }) => {
      const monitor = openById.get(route.id)?.monitor;
      return monitor === undefined ? [] : [{ route, monitor }];
    });
  };
}

export interface RouteLimits {
  readonly perSecond: number | null;
  readonly connections: number;
}

export function routeOf(id: string, purpose: TransportPurpose, use: TransportUse, limits: RouteLimits): Route {
  const connections = connectionShare(purpose, use, limits.connections);
  return { id, rates: rateOf(`transport:${id}`, limits.perSecond), connections };
}
