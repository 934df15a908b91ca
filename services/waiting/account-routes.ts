import {
  combinedHealth,
  isInTrouble,
  type KnownHealth,
  liveReports,
  type ReportedHealth,
} from '../../domain/delivery/transport-health.js';
import { type Rate, type RateScope, rateOf, rateScopes, serves, type TransportUse } from '../../domain/transport.js';
import type { UsedUpRate, WaitingRoute } from '../../domain/waiting/waiting.js';
import { UNREACHED } from '../../mail/smtp/handshake.js';
import type { Stores } from '../../store/stores.js';
import { DEFAULT_TRANSPORT } from '../../store/transports/health.js';
import type { StoredTransport } from '../../store/transports/transports.js';

export type RouteStores = Pick<Stores, 'transports' | 'accounts' | 'transportHealth' | 'tokenBuckets'>;

/** The routes of an account for a use, in the order in which mail tries them. */
export interface AccountRoutes {
  readonly routes: readonly WaitingRoute[];
  /** Of the account and of its first route. */
  readonly rates: readonly Rate[];
  /** A rate without a token, where no route has one. */
  readonly usedUp: UsedUpRate | undefined;
}

/** As the workers choose the routes of the account's mail. */
export async function accountRoutes(stores: RouteStores, account: number, use: TransportUse): Promise<AccountRoutes> {
  const [all, row] = await Promise.all([stores.transports.ofAccount(account), stores.accounts.find(account)]);
  const serving = all.filter(({ purpose }) => serves(purpose, use));
  const used = serving.length === 0 ? [OF_INSTALLATION] : serving.filter(({ enabled }) => enabled).map(routeOf);
  const isClient = row?.kind === 'client';
  const known = await stores.transportHealth.of(used.map(({ id }) => id));
  const routes = used.map((route) => waitingRoute(route, known.get(route.id), { use, isClient }));
  const shared = rateOf(`account:${account}`, row?.rate_per_second);
  const scopes = used.map(({ rates }): RateScope[] => rateScopes([...shared, ...rates], use));
  return { routes, rates: [...shared, ...(used[0]?.rates ?? [])], usedUp: await usedUpOfAll(stores, scopes) };
}

interface UsedRoute {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly rates: ReturnType<typeof rateOf>;
}

const OF_INSTALLATION: UsedRoute = {
  id: DEFAULT_TRANSPORT,
  name: 'The transport of the installation',
  version: 0,
  rates: [],
};

function routeOf({ _id, name, version, rate_per_second }: StoredTransport): UsedRoute {
  return { id: `${_id}`, name: `The transport ${name}`, version, rates: rateOf(`transport:${_id}`, rate_per_second) };
}

/** Mail waits for a rate only where no route has a token. */
async function usedUpOfAll({ tokenBuckets }: RouteStores, scopes: readonly RateScope[][]) {
  const found = await Promise.all(scopes.map((of) => tokenBuckets.usedUp(of)));
  return found.every((usedUp) => usedUp !== undefined) ? found[0] : undefined;
}

function waitingRoute(
  { id, name, version }: UsedRoute,
  known: KnownHealth | undefined,
  { use, isClient }: { readonly use: TransportUse; readonly isClient: boolean },
): WaitingRoute {
  const health = combinedHealth(known, version, use);
  const live = known === undefined ? [] : liveReports(known, version, use);
  // A message is tried also while its server limits the rate: the reply decides about it alone.
  const blocks = (report: ReportedHealth) => isInTrouble(report) && (use === 'bulk' || report.state !== 'rate_limited');
  const error = health?.error ?? null;
  const isHidden = isClient && id === DEFAULT_TRANSPORT && error !== null && error.phase !== 'mail';
  return {
    name,
    isInTrouble: live.length > 0 && live.every(blocks),
    hasTrouble: live.some(blocks),
    isBusy: live.some(({ in_flight }) => in_flight > 0),
    since: health?.since ?? null,
    next_try: health?.next_try ?? null,
    accepted_at: health?.accepted_at ?? null,
    state: health?.state ?? 'unknown',
    reply: isHidden ? UNREACHED.what : (error?.reply ?? null),
  };
}
