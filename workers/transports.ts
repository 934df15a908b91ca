import { monotonic } from '../clock.js';
import type { ProtocolTimes } from '../domain/delivery/protocol.js';
import { connectionShare, type Rate, serves, type TransportPurpose, type TransportUse } from '../domain/transport.js';
import { UNREACHED } from '../mail/smtp/session.js';
import type { Dial, RecordDuration } from '../mail/smtp/settings.js';
import {
  type FailoverTransport,
  failoverTransport,
  type Route,
  type RouteEntry,
  type TransportsFor,
} from '../mail/transports/failover.js';
import { monitorTransport, SLOW } from '../mail/transports/monitor.js';
import { smtpTransport, type Transport } from '../mail/transports/transport.js';
import type { Accounts } from '../store/accounts/accounts.js';
import type { Buckets, RateScope } from '../store/transports/token-buckets.js';
import type { StoredTransport, TransportStore } from '../store/transports/transports.js';

export interface TransportDeps {
  readonly transports: Pick<TransportStore, 'ofAccount' | 'urlOf' | 'recordTrouble'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly tokenBuckets: Buckets;
  /** The installation's own, for accounts that have none. */
  readonly smtpUrl: string;
  readonly smtpConnections: number;
  readonly times: ProtocolTimes;
  /** Opens the sockets of transports that clients have set up. */
  readonly dial: Dial;
  readonly log: { warn(details: object, message: string): void };
  readonly recordDuration?: RecordDuration | undefined;
}

/** All ways out of this process. */
export interface Transports {
  readonly of: TransportsFor;
  /** Sockets first, at once; whoever asks from now on gets nothing. */
  destroy(): void;
  /** Lets open mail end, also where the transport was changed or removed meanwhile. */
  close(): Promise<void>;
}

/** A change of the rows, of the account's or its transports', is seen after this long. */
const MAX_AGE_MS = 2_000;
/** A session that takes longer is not waited for where there is another transport. */
const SESSION_TIMEOUT_MS = 5_000;

/** The transports of each account as its rows say, with connections of their own for campaigns and for messages. */
export function accountTransports(deps: TransportDeps): Transports {
  const opened = new Set<Transport>();
  const views = new Map<string, FailoverTransport>();
  let isGone = false;
  const open = ({ route, url, version, recordTrouble, dial }: TransportPlan): Opened => {
    const log = (message: string, details: object) => deps.log.warn({ ...details, transport: route.id }, message);
    const { times, recordDuration } = deps;
    const { id: name, connections } = route;
    const transport = smtpTransport({ url, connections, times, dial, log, recordDuration });
    opened.add(transport);
    if (isGone) transport.destroy();
    const watch = { name, sessionTimeout: SESSION_TIMEOUT_MS, log, recordHealth: recordTrouble };
    return { version, monitor: monitorTransport(transport, watch) };
  };
  const drain = ({ monitor: { transport } }: Opened): void => {
    void transport.close().finally(() => opened.delete(transport));
  };
  const rowsOf = cachedRows(deps);
  const own = { bulk: ownRoute(deps, 'bulk', open), transactional: ownRoute(deps, 'transactional', open) };

  const view = (account: number, use: TransportUse): FailoverTransport => {
    const openRoutes = keepRoutesOpen(open, drain);
    const routes = memoizeLast(({ transports, rates, isClient }: AccountRows) => {
      const rows = transports.filter(({ purpose }) => serves(purpose, use));
      const plans = rows.filter(({ enabled }) => enabled).flatMap((row) => plansOf(deps, row, use, isClient));
      const ownRoutes = openRoutes(plans);
      // Whoever has switched all of theirs off does not want the mail to leave by another.
      const table = rows.length === 0 ? [own[use]()] : ownRoutes;
      return table.map(({ route, monitor }) => ({
        route: { ...route, rates: [...rates, ...route.rates] },
        monitor,
      }));
    });
    return failoverTransport({
      routes: async () => routes(await rowsOf(account)),
      takeToken: async ({ rates }) => (await deps.tokenBuckets.lease(scopesOf(rates, use), 1)).wait,
    });
  };
  return {
    of: (account, use) => {
      const key = `${account}:${use}`;
      const routes = views.get(key) ?? view(account, use);
      views.set(key, routes);
      return routes;
    },
    destroy: () => {
      isGone = true;
      for (const transport of opened) transport.destroy();
    },
    close: async () => {
      await Promise.all([...opened].map((transport) => transport.close()));
    },
  };
}

interface TransportPlan {
  readonly route: Route;
  readonly url: string;
  readonly version: number;
  readonly recordTrouble: (trouble: string | undefined) => void;
  readonly dial?: Dial | undefined;
}

interface Opened extends Pick<RouteEntry, 'monitor'> {
  readonly version: number;
}

/** A message may be a second ahead of each rate; campaigns then wait for it. */
function scopesOf(rates: readonly Rate[], use: TransportUse): RateScope[] {
  if (use === 'bulk') return [...rates];
  return rates.map((rate) => ({ ...rate, ahead: Math.max(1, Math.floor(rate.perSecond)) }));
}

function rateOf(key: string, perSecond: number | null | undefined): Rate[] {
  return perSecond == null ? [] : [{ key, perSecond }];
}

function plansOf(deps: TransportDeps, row: StoredTransport, use: TransportUse, isClient: boolean): TransportPlan[] {
  const route = routeOf(String(row._id), row.purpose, use, row);
  try {
    const url = deps.transports.urlOf(row);
    const guard = isClient ? { dial: deps.dial } : {};
    return [{ route, url, version: row.version, recordTrouble: troubleRecorder(deps, row, isClient), ...guard }];
  } catch (error) {
    deps.log.warn({ transport: route.id, error: String(error) }, 'a transport was sealed with another EVERPOST_SECRET');
    return [];
  }
}

/** For whoever looks at the transport; losing a note costs nobody a mail. */
function troubleRecorder({ transports }: TransportDeps, { account, _id }: StoredTransport, isClient: boolean) {
  return (trouble: string | undefined): void => {
    // To a client a port that is slow to answer is told like one that refuses.
    const says = isClient && trouble === SLOW.what ? UNREACHED.what : trouble;
    transports.recordTrouble(account, _id, says ?? null).catch(() => undefined);
  };
}

function routeOf(
  id: string,
  purpose: TransportPurpose,
  use: TransportUse,
  limits: Pick<StoredTransport, 'rate_per_second' | 'connections'>,
): Route {
  const rates = rateOf(`transport:${id}`, limits.rate_per_second);
  return { id, rates, connections: connectionShare(purpose, use, limits.connections) };
}

/** The installation's transport, opened when the first account without its own asks for it. */
function ownRoute(
  { smtpUrl, smtpConnections }: TransportDeps,
  use: TransportUse,
  open: (plan: TransportPlan) => Opened,
) {
  let entry: RouteEntry | undefined;
  return (): RouteEntry => {
    if (entry === undefined) {
      const route = routeOf('default', 'all', use, { rate_per_second: null, connections: smtpConnections });
      entry = { route, monitor: open({ route, url: smtpUrl, version: 0, recordTrouble: () => undefined }).monitor };
    }
    return entry;
  };
}

/** Keeps lines open as long as their plan is there in the same version; the others take no more mail and are drained. */
function keepRoutesOpen(open: (plan: TransportPlan) => Opened, drain: (opened: Opened) => void) {
  let openById = new Map<string, Opened>();
  return (plans: readonly TransportPlan[]): RouteEntry[] => {
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

/** Worked out anew only for another input. */
function memoizeLast<I extends object, O>(work: (input: I) => O): (input: I) => O {
  let last: { readonly input: I; readonly output: O } | undefined;
  return (input) => {
    if (last?.input !== input) last = { input, output: work(input) };
    return last.output;
  };
}

interface AccountRows {
  readonly transports: readonly StoredTransport[];
  /** What all mail of the account shares, by whichever transport it leaves. */
  readonly rates: readonly Rate[];
  readonly isClient: boolean;
}

/** What the rows of an account say, at most two seconds old; where the store is silent what they said last. */
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
