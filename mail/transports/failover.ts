import { setTimeout as pause } from 'node:timers/promises';
import { later, monotonic } from '../../clock.js';
import type { ConnectionTrouble, Outcome } from '../../domain/delivery/outcome.js';
import type { Rate, TransportUse } from '../../domain/transport.js';
import type { SplicedMail } from '../letter/letter.js';
import type { HandOverOrder } from '../smtp/hand-over.js';
import type { TransportMonitor } from './monitor.js';
import type { Transport } from './transport.js';

/** The limits of the mail sent by one route. */
export interface Route {
  readonly id: string;
  /** Rates of the account and of the transport, if set: a mail needs a token of each. */
  readonly rates: readonly Rate[];
  /** Sockets that this process may open for the use. */
  readonly connections: number;
}

export interface RouteEntry {
  readonly route: Route;
  readonly monitor: TransportMonitor;
}

/**
 * A transport over several, in order of priority: a mail that one cannot take before its body begins goes to the next.
 */
export interface FailoverTransport extends Pick<Transport, 'connections' | 'ready' | 'send' | 'deliver'> {
  /** The route of the next mails, as `ready` found it last. */
  route(): Route | undefined;
  /** The connections of that route; accounts may share them. */
  pool(): Pick<Transport, 'open' | 'onOpened'> | undefined;
  /**
   * Takes a token of each rate of that route, one mail after the other. Returns the route that was paid; undefined if there
   * is no route, was no token in time, or once the signal is aborted.
   */
  pay(signal: AbortSignal): Promise<string | undefined>;
  /** When mail that found no route ready is tried again. */
  retryAt(): Date;
}

/** The current routes of an account, each with a share of connections for the use. */
export type TransportsFor = (account: number, use: TransportUse) => FailoverTransport;

export interface FailoverDeps {
  /** In order of priority. Called before each mail, so usually answered from memory. */
  routes(): Promise<readonly RouteEntry[]>;
  /** Takes one token of each rate of the route; returns the milliseconds to wait if a rate has none. */
  takeToken(route: Route): Promise<number>;
}

/** Milliseconds for which a mail waits for a token of a route whose rate the claim has not paid. */
const MAX_RATE_WAIT = 30_000;
const RATE_CHECK_INTERVAL = 200;
/** Milliseconds until the routes of an account that has none are read again. */
const WITHOUT_ROUTE = 10_000;

export function failoverTransport(deps: FailoverDeps): FailoverTransport {
  let found: RouteEntry | undefined;
  /** The routes, as `ready` found them last. */
  let known: readonly RouteEntry[] = [];
  const pay = paymentsInTurn(deps);

  const deliver = async (mail: SplicedMail, order: HandOverOrder, before?: Attempted): Promise<Outcome> => {
    const tried = new Set(before && [before.entry.monitor]);
    let outcome: Outcome = before?.outcome ?? { kind: 'not_handed_over', why: NO_ROUTE };
    for (;;) {
      const routes = await deps.routes().catch(() => []);
      const entry = nextRoute(routes, tried, order.paid);
      if (entry === undefined || !isAllowed(order)) return outcome;
      tried.add(entry.monitor);
      if (!(await waitForRate(deps, entry.route, order))) return { kind: 'not_handed_over', why: RATE_TIMEOUT };
      outcome = await handOver(entry, routes.length, mail, order);
      // Any other outcome is final for this attempt, because bytes of the body may have been sent.
      if (outcome.kind !== 'not_handed_over') return outcome;
    }
  };

  return {
    get connections() {
      return found?.route.connections ?? 1;
    },
    route: () => (found?.monitor.isUp() === false ? undefined : found?.route),
    pool: () => found?.monitor.transport,
    pay: (signal) => pay(found?.route, signal),
    retryAt: () => earliestRetry(known),

    ready: async () => {
      known = await deps.routes();
      const first = await firstReady(known);
      if ('stage' in first) return first;
      found = first;
      return undefined;
    },

    send: (mail, order, settled) => {
      const entry = known.length === 1 ? known[0] : undefined;
      if (entry === undefined || !isPaid(entry.route, order)) {
        void deliver(mail, order).then(settled);
        return;
      }
      entry.monitor.transport.send(mail, order, (outcome) => {
        if (outcome.kind !== 'not_handed_over') settled(outcome);
        // The route may have been replaced meanwhile.
        else void deliver(mail, order, { entry, outcome }).then(settled);
      });
    },

    deliver: (mail, order) => deliver(mail, order),
  };
}

/** The first route with a connection past AUTH, or the trouble of the last one. */
async function firstReady(routes: readonly RouteEntry[]): Promise<RouteEntry | ConnectionTrouble> {
  for (const { monitor } of routes) monitor.probeIfDue();
  let trouble: ConnectionTrouble = NO_ROUTE;
  for (const entry of upFirst(routes)) {
    const failed = await entry.monitor.check(routes.length === 1);
    if (failed === undefined) return entry;
    trouble = failed;
  }
  return trouble;
}

function earliestRetry(routes: readonly RouteEntry[]): Date {
  const times = routes.flatMap(({ monitor }) => monitor.retryAt() ?? []);
  return times.length === 0 ? later(WITHOUT_ROUTE) : new Date(Math.min(...times.map(Number)));
}

/** A route that was tried, and what came of it. */
interface Attempted {
  readonly entry: RouteEntry;
  readonly outcome: Outcome;
}

const NO_ROUTE: ConnectionTrouble = { stage: 'connect', what: 'no transport is enabled' };
const RATE_TIMEOUT: ConnectionTrouble = {
  stage: 'envelope',
  what: 'no token in time within the rate of the transport',
};

/** The paid route if it is up, else the first route that is up; if all are down, the first is tried. */
function nextRoute(
  routes: readonly RouteEntry[],
  tried: ReadonlySet<TransportMonitor>,
  paid: string | undefined,
): RouteEntry | undefined {
  const left = routes.filter(({ monitor }) => !tried.has(monitor));
  const up = left.filter(({ monitor }) => monitor.isUp());
  const last = tried.size === 0 ? left[0] : undefined;
  return up.find(({ route }) => route.id === paid) ?? up[0] ?? last;
}

function upFirst(routes: readonly RouteEntry[]): RouteEntry[] {
  const up = routes.filter(({ monitor }) => monitor.isUp());
  return [...up, ...routes.filter((entry) => !up.includes(entry))];
}

/** Without another route the outcome is not recorded: callers have their own waits. */
async function handOver({ monitor }: RouteEntry, routes: number, ...[mail, order]: Parameters<Transport['deliver']>) {
  if (routes === 1 || !monitor.isUp()) return monitor.transport.deliver(mail, order);
  const signal = monitor.untilDown(order.signal);
  const outcome = await monitor.transport.deliver(mail, { ...order, signal });
  if (isAllowed(order)) await monitor.recordOutcome(outcome);
  return outcome;
}

/** A mail that changes its route pays the rate of the new route. */
async function waitForRate(deps: FailoverDeps, route: Route, order: HandOverOrder): Promise<boolean> {
  if (isPaid(route, order)) return true;
  const until = monotonic() + MAX_RATE_WAIT;
  while (isAllowed(order) && monotonic() < until) {
    const wait = await deps.takeToken(route).catch(() => RATE_CHECK_INTERVAL);
    if (wait === 0) return true;
    await pause(Math.min(wait, RATE_CHECK_INTERVAL));
  }
  return false;
}

/** One mail after the other, so that only one of those that wait asks for a token. */
function paymentsInTurn(deps: FailoverDeps) {
  let last: Promise<unknown> = Promise.resolve();
  return async (route: Route | undefined, signal: AbortSignal): Promise<string | undefined> => {
    if (route === undefined || route.rates.length === 0) return route?.id;
    const paid = last.then(() => waitForRate(deps, route, { signal, mayBegin: () => true }));
    last = paid.catch(() => undefined);
    return (await paid) ? route.id : undefined;
  };
}

function isAllowed(order: HandOverOrder): boolean {
  return !order.signal.aborted && order.mayBegin();
}

function isPaid({ id, rates }: Route, { paid }: HandOverOrder): boolean {
  return rates.length === 0 || id === paid;
}
