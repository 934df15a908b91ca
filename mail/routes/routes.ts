import { setTimeout as pause } from 'node:timers/promises';
import { monotonic } from '../../clock.js';
import type { ConnectionTrouble, Outcome } from '../../domain/outcome.js';
import type { Rate, TransportUse } from '../../domain/transport.js';
import type { HandOverOrder, Transport } from '../transport.js';
import type { Line } from './line.js';

/** What bounds the mails that leave by one route. */
export interface Way {
  readonly id: string;
  /** Of the account and of the transport, where they are set: a mail needs a token of each. */
  readonly rates: readonly Rate[];
  /** Sockets this process may hold open for the use. */
  readonly connections: number;
}

export interface Route {
  readonly way: Way;
  readonly line: Line;
}

/** A transport over several, in order of priority: what one cannot take before its body has begun goes to the next. */
export interface Routes extends Pick<Transport, 'connections' | 'ready' | 'deliver'> {
  /** The way that the next mails leave by, as `ready` found it last. */
  way(): Way | undefined;
}

/** The routes of an account as they are now, each with a share of connections for the use. */
export type TransportsFor = (account: number, use: TransportUse) => Routes;

export interface RoutesDeps {
  /** In order of priority; asked before each mail, so answered from memory as a rule. */
  table(): Promise<readonly Route[]>;
  /** Takes one token of each rate of the way; milliseconds to wait where one has none. */
  token(way: Way): Promise<number>;
}

/** A mail waits this long for its turn on a route whose rate was not paid with the claim. */
const LONGEST_TURN = 30_000;
const BETWEEN_LOOKS = 200;

export function routesOver(deps: RoutesDeps): Routes {
  let found: Route | undefined;
  return {
    get connections() {
      return found?.way.connections ?? 1;
    },
    way: () => (found?.line.isUp() === false ? undefined : found?.way),

    ready: async () => {
      const routes = await deps.table();
      for (const { line } of routes) line.probeIfDue();
      let trouble: ConnectionTrouble | undefined = NO_ROUTE;
      for (const route of upFirst(routes)) {
        trouble = await route.line.prove(routes.length === 1);
        if (trouble !== undefined) continue;
        found = route;
        return undefined;
      }
      return trouble;
    },

    deliver: async (mail, order) => {
      const tried = new Set<Line>();
      let outcome: Outcome = { kind: 'not_handed_over', why: NO_ROUTE };
      for (;;) {
        const routes = await deps.table().catch(() => []);
        const route = nextRoute(routes, tried, order.paid);
        if (route === undefined || !isAllowed(order)) return outcome;
        tried.add(route.line);
        if (!(await hasTurn(deps, route.way, order))) return { kind: 'not_handed_over', why: NO_TURN };
        outcome = await handOver(route, routes.length, mail, order);
        // Whatever else it saw is final for this attempt: bytes of the body may have left.
        if (outcome.kind !== 'not_handed_over') return outcome;
      }
    },
  };
}

const NO_ROUTE: ConnectionTrouble = { stage: 'connect', what: 'no transport is enabled' };
const NO_TURN: ConnectionTrouble = { stage: 'envelope', what: 'no turn in time within the rate of the transport' };

/** The one that was paid for where it is up, else the first that is; where all are down the first gets a try. */
function nextRoute(routes: readonly Route[], tried: ReadonlySet<Line>, paid: string | undefined): Route | undefined {
  const left = routes.filter(({ line }) => !tried.has(line));
  const up = left.filter(({ line }) => line.isUp());
  const last = tried.size === 0 ? left[0] : undefined;
  return up.find(({ way }) => way.id === paid) ?? up[0] ?? last;
}

function upFirst(routes: readonly Route[]): Route[] {
  const up = routes.filter(({ line }) => line.isUp());
  return [...up, ...routes.filter((route) => !up.includes(route))];
}

/** A line without an alternative is left to those who ask: they have their own waits. */
async function handOver({ line }: Route, routes: number, ...[mail, order]: Parameters<Transport['deliver']>) {
  if (routes === 1 || !line.isUp()) return line.transport.deliver(mail, order);
  const signal = line.untilDown(order.signal);
  const outcome = await line.transport.deliver(mail, { mayBegin: order.mayBegin, signal });
  if (isAllowed(order)) await line.judge(outcome);
  return outcome;
}

/** Mail that changes its route pays again there: a rate holds whatever happens to the others. */
async function hasTurn(deps: RoutesDeps, way: Way, order: HandOverOrder): Promise<boolean> {
  if (way.rates.length === 0 || way.id === order.paid) return true;
  const until = monotonic() + LONGEST_TURN;
  while (isAllowed(order) && monotonic() < until) {
    const wait = await deps.token(way).catch(() => BETWEEN_LOOKS);
    if (wait === 0) return true;
    await pause(Math.min(wait, BETWEEN_LOOKS));
  }
  return false;
}

function isAllowed(order: HandOverOrder): boolean {
  return !order.signal.aborted && order.mayBegin();
}
