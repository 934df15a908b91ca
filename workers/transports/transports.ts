import { monotonic } from '../../clock.js';
import {
  connectionShare,
  connectionsOfProcess,
  isOfAnotherProcess,
  type ProcessShare,
  type Rate,
  rateOf,
  rateScopes,
  serves,
  type TransportPurpose,
  type TransportUse,
  WHOLE_SHARE,
} from '../../domain/transport.js';
import type { Dial } from '../../mail/smtp/settings.js';
import {
  type FailoverTransport,
  failoverTransport,
  type Route,
  type RouteEntry,
  type TransportsFor,
} from '../../mail/transports/failover.js';
import {
  keepRoutesOpen,
  type RouteOpener,
  type RoutePlan,
  type RouteSettings,
  routeOf,
  routeOpener,
} from '../../mail/transports/routes.js';
import type { Stores } from '../../store/stores.js';
import { DEFAULT_TRANSPORT } from '../../store/transports/health.js';
import type { StoredTransport } from '../../store/transports/transports.js';
import type { TransportReports } from './transport-reports.js';

export interface TransportDeps
  extends Omit<RouteSettings, 'reportRoute'>,
    Pick<Stores, 'transports' | 'accounts' | 'tokenBuckets'> {
  /** The installation's own transport, for accounts that have none. */
  readonly smtpUrl: string;
  readonly smtpConnections: number;
  /** Opens the sockets of transports that clients have set up. */
  readonly dial: Dial;
  /** The part of the connections for campaigns that this process may open; undefined: all of them. */
  readonly share?: ProcessShare | undefined;
  /** Where the health of the transports is reported; undefined: nowhere. */
  readonly reports?: TransportReports | undefined;
  /** Campaigns and messages are sent by this process. */
  readonly sendsAll: boolean;
}

/** All transports of this process. */
export interface Transports {
  readonly of: TransportsFor;
  /** Whether this process may send campaigns of the account: a transport with few connections belongs to another. */
  readonly sendsHere: (account: number) => Promise<boolean>;
  /** Closes all sockets at once and refuses later mail. */
  destroy(): void;
  /** Finishes open mail, including on transports that were changed or removed meanwhile. */
  close(): Promise<void>;
}

/** A change of the account or of its transports takes effect after this long. */
const MAX_AGE_MS = 2_000;

/** The transports of each account as stored, with separate connections for campaigns and for messages. */
export function accountTransports(deps: TransportDeps): Transports {
  const { reports } = deps;
  const opener = routeOpener({
    ...deps,
    reportRoute: reports && (({ route: { id }, use, version }, health) => reports.add({ id, use, version }, health)),
  });
  const views = new Map<string, FailoverTransport>();
  const rowsOf = cachedRows(deps);
  const own = { bulk: ownRoute(deps, 'bulk', opener), transactional: ownRoute(deps, 'transactional', opener) };
  const view = (account: number, use: TransportUse): FailoverTransport => {
    const openRoutes = keepRoutesOpen(opener);
    const routes = memoizeLast(({ transports, rates, isClient }: AccountRows) => {
      const rows = transports.filter(({ purpose }) => serves(purpose, use));
      const plans = rows.filter(({ enabled }) => enabled).flatMap((row) => plansOf(deps, row, use, isClient));
      const ownRoutes = openRoutes(plans);
      // An account that has disabled all of its transports does not want its mail to leave by another.
      const table = rows.length === 0 ? [own[use]()] : ownRoutes;
      return table.map(({ route, monitor }) => ({ route: { ...route, rates: [...rates, ...route.rates] }, monitor }));
    });
    return failoverTransport({
      routes: async () => routes(await rowsOf(account)),
      takeToken: async ({ rates }) => (await deps.tokenBuckets.lease(rateScopes(rates, use), 1)).wait,
    });
  };
  return {
    of: (account, use) => {
      const key = `${account}:${use}`;
      const routes = views.get(key) ?? view(account, use);
      views.set(key, routes);
      return routes;
    },
    sendsHere: async (account) => {
      const { transports } = await rowsOf(account);
      const used = transports.filter(({ purpose, enabled }) => enabled && serves(purpose, 'bulk'));
      const sizes = used.map(({ purpose, connections }) => connectionShare(purpose, 'bulk', connections));
      return !sizes.some((connections) => isOfAnotherProcess(account, connections, deps.share ?? WHOLE_SHARE));
    },
    destroy: () => {
      // What becomes of mail on sockets that are closed here says nothing about the transport.
      void reports?.close();
      opener.destroy();
    },
    close: () => opener.close().finally(reports?.close),
  };
}

/** The route with the connections that this process may open: only campaigns are sent by several processes. */
function shared({ share = WHOLE_SHARE }: TransportDeps, route: Route, use: TransportUse): Route {
  return use === 'bulk' ? { ...route, connections: connectionsOfProcess(route.connections, share) } : route;
}

/** The connections that campaigns and messages share; undefined where each use has its own. */
function sharedBetweenUses(
  { sendsAll }: TransportDeps,
  purpose: TransportPurpose,
  connections: number,
): number | undefined {
  return purpose === 'all' && sendsAll && connections > 1 ? connections : undefined;
}

const SEALED_OTHERWISE =
  'a transport was sealed with another EVERPOST_SECRET; mail takes the other transports until its url is set again';

function plansOf(deps: TransportDeps, row: StoredTransport, use: TransportUse, isClient: boolean): RoutePlan[] {
  const limits = { perSecond: row.rate_per_second, connections: row.connections };
  const route = shared(deps, routeOf(String(row._id), row.purpose, use, limits), use);
  try {
    const url = deps.transports.urlOf(row);
    const guard = isClient ? { dial: deps.dial } : {};
    const sharedConnections = sharedBetweenUses(deps, row.purpose, row.connections);
    return [{ route, use, url, version: row.version, sharedConnections, ...guard }];
  } catch (error) {
    deps.log.warn({ transport: route.id, error: String(error) }, SEALED_OTHERWISE);
    return [];
  }
}

/** The installation's transport, opened with the first mail of an account without transports. */
function ownRoute(deps: TransportDeps, use: TransportUse, { open }: RouteOpener) {
  const { smtpUrl: url, smtpConnections } = deps;
  let entry: RouteEntry | undefined;
  return (): RouteEntry => {
    if (entry === undefined) {
      const limits = { perSecond: null, connections: smtpConnections };
      const route = shared(deps, routeOf(DEFAULT_TRANSPORT, 'all', use, limits), use);
      const sharedConnections = sharedBetweenUses(deps, 'all', smtpConnections);
      const plan = { route, use, url, version: 0, sharedConnections };
      entry = { route, monitor: open(plan).monitor };
    }
    return entry;
  };
}

/** Remembers the result for the last input. */
function memoizeLast<I extends object, O>(work: (input: I) => O): (input: I) => O {
  let last: { readonly input: I; readonly output: O } | undefined;
  return (input) => {
    if (last?.input !== input) last = { input, output: work(input) };
    return last.output;
  };
}

interface AccountRows {
  readonly transports: readonly StoredTransport[];
  /** The rates that all mail of the account shares, whatever its transport. */
  readonly rates: readonly Rate[];
  readonly isClient: boolean;
}

/** The rows of an account, at most two seconds old; while the store does not answer, the last ones. */
function cachedRows({ transports, accounts }: Pick<TransportDeps, 'transports' | 'accounts'>) {
  const cache = new Map<number, { readonly at: number; readonly rows: Promise<AccountRows> }>();
  const read = async (account: number): Promise<AccountRows> => {
    const [theirs, row] = await Promise.all([transports.ofAccount(account), accounts.find(account)]);
    const rates = rateOf(`account:${account}`, row?.rate_per_second);
    return { transports: theirs, rates, isClient: row?.kind === 'client' };
  };
  return (account: number): Promise<AccountRows> => {
    const last = cache.get(account);
    if (last !== undefined && monotonic() - last.at < MAX_AGE_MS) return last.rows;
    const rows = read(account).catch((error) => last?.rows ?? Promise.reject(error));
    cache.set(account, { at: monotonic(), rows });
    return rows;
  };
}
