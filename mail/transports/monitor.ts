import { setTimeout as pause } from 'node:timers/promises';
import { monotonic } from '../../clock.js';
import { isTransportFailure } from '../../domain/campaign/ledger-page.js';
import { fateOf } from '../../domain/delivery/classify.js';
import type { ConnectionTrouble, Outcome } from '../../domain/delivery/outcome.js';
import { backoffAfter } from '../../domain/transport.js';
import { type RouteHealth, routeHealth } from './route-health.js';
import type { Transport } from './transport.js';

/** One transport and its health. */
export interface TransportMonitor {
  readonly transport: Transport;
  isUp(): boolean;
  /**
   * Asks for a connection past EHLO and AUTH; a failure marks the transport down, success marks it up. If there is
   * another transport, a slow answer counts as a failure; without one every answer is awaited.
   */
  check(isAlone: boolean): Promise<ConnectionTrouble | undefined>;
  /** Checks in the background whether a transport that is down is up again, if the probe delay has passed. */
  probeIfDue(): void;
  /**
   * Records the outcome of a mail. The transport goes down if no connection can be opened, or after too many failures
   * in a row.
   */
  recordOutcome(outcome: Outcome): Promise<void>;
  /** Aborted with the given signal, and when the transport goes down, so that no mail waits for it. */
  untilDown(signal: AbortSignal): AbortSignal;
  /** When mail that waits for the transport is tried again; null while it is up. */
  retryAt(): Date | null;
}

export interface MonitorDeps {
  readonly name: string;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /** What is reported about the transport; its own if absent. */
  readonly health?: RouteHealth;
  /** Milliseconds to wait for a session before the next transport is tried. */
  readonly sessionTimeout: number;
  /** What is reported if there is no session in time. */
  readonly slow?: ConnectionTrouble;
  /** Milliseconds until the next probe after this many failures in a row. */
  readonly probeDelay?: (failures: number) => number;
}

const LONGEST_WAIT = 60_000;
/** Mails in a row that fail because of the transport. */
const MAX_FAILURES_IN_A_ROW = 10;

export function monitorTransport(raw: Transport, deps: MonitorDeps): TransportMonitor {
  const { health: report = routeHealth({ longestWait: LONGEST_WAIT }) } = deps;
  const transport = report.observed(raw);
  const health = healthOf(deps);
  let failuresInARow = 0;
  const checkNow = sharedCheck(transport, deps, report, health);
  const checkWithinTimeout = async (): Promise<ConnectionTrouble | undefined> => {
    const stop = new AbortController();
    const slow = pause(deps.sessionTimeout, SLOW, { signal: stop.signal }).catch(() => SLOW);
    const trouble = await Promise.race([checkNow(), slow]);
    stop.abort();
    if (trouble === SLOW && health.isUp()) health.markDown(SLOW.what);
    return trouble;
  };

  return {
    transport,
    isUp: health.isUp,
    untilDown: health.untilDown,
    retryAt: () => report.health().next_try,
    check: (isAlone) => (isAlone ? checkNow() : checkWithinTimeout()),
    probeIfDue: () => {
      if (health.isRested()) void checkNow();
    },
    recordOutcome: async (outcome) => {
      if (!health.isUp()) return;
      if (outcome.kind === 'not_handed_over' && outcome.why.stage === 'connect') {
        // Other connections may be open: a server that refuses one more is not down.
        await checkWithinTimeout();
        return;
      }
      failuresInARow = isFailedOutcome(outcome) ? failuresInARow + 1 : 0;
      if (failuresInARow < MAX_FAILURES_IN_A_ROW) return;
      failuresInARow = 0;
      report.broken();
      health.markDown('too many mails in a row failed');
    },
  };
}

/** Checks once for all that ask meanwhile. */
function sharedCheck(
  transport: Transport,
  { sessionTimeout, slow = SLOW }: MonitorDeps,
  report: RouteHealth,
  health: ReturnType<typeof healthOf>,
) {
  let pending: Promise<ConnectionTrouble | undefined> | undefined;
  const check = async (): Promise<ConnectionTrouble | undefined> => {
    // A slow server is reported in time also where every answer is awaited.
    const overdue = transport.open() > 0 ? undefined : setTimeout(() => report.failed(slow), sessionTimeout);
    try {
      const trouble = await transport.ready();
      if (trouble === undefined) report.connected();
      else report.failed(trouble);
      if (trouble === undefined) health.markUp();
      else health.markDown(trouble.what);
      return trouble;
    } finally {
      clearTimeout(overdue);
      pending = undefined;
    }
  };
  return (): Promise<ConnectionTrouble | undefined> => {
    pending ??= check();
    return pending;
  };
}

/** Up or down, the number of failures, and the time of the next probe. */
function healthOf({ name, log, probeDelay = backoffAfter }: MonitorDeps) {
  let down = new AbortController();
  let joinedSignals = new WeakMap<AbortSignal, AbortSignal>();
  let failures = 0;
  let probeAt = 0;
  const isUp = () => !down.signal.aborted;

  return {
    isUp,
    isRested: () => !isUp() && monotonic() >= probeAt,
    markDown: (why: string): void => {
      failures += 1;
      probeAt = monotonic() + probeDelay(failures);
      if (!isUp()) return;
      log('transport is down', { transport: name, why });
      down.abort();
    },
    markUp: (): void => {
      failures = 0;
      if (isUp()) return;
      down = new AbortController();
      joinedSignals = new WeakMap();
      log('transport is back', { transport: name });
    },
    /** One joined signal for all mails of an owner, because there are many. */
    untilDown: (signal: AbortSignal): AbortSignal => {
      const known = joinedSignals.get(signal) ?? AbortSignal.any([signal, down.signal]);
      joinedSignals.set(signal, known);
      return known;
    },
  };
}

export const SLOW: ConnectionTrouble = { stage: 'connect', what: 'no session in time' };

function isFailedOutcome(outcome: Outcome): boolean {
  return outcome.kind === 'uncertain' || isTransportFailure(fateOf(outcome));
}
