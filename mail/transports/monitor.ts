import { setTimeout as pause } from 'node:timers/promises';
import { monotonic } from '../../clock.js';
import { isTransportFailure } from '../../domain/campaign/ledger-page.js';
import { fateOf } from '../../domain/delivery/classify.js';
import type { ConnectionTrouble, Outcome } from '../../domain/delivery/outcome.js';
import { backoffAfter } from '../../domain/transport.js';
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
}

export interface MonitorDeps {
  readonly name: string;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /**
   * Called with the trouble when the transport goes down, and with undefined when it is up for the first time or again.
   */
  readonly recordHealth?: (trouble: string | undefined) => void;
  /** Milliseconds to wait for a session before the next transport is tried. */
  readonly sessionTimeout: number;
  /** Milliseconds until the next probe after this many failures in a row. */
  readonly probeDelay?: (failures: number) => number;
}

/** Mails in a row that fail because of the transport. */
const MAX_FAILURES_IN_A_ROW = 10;

export function monitorTransport(transport: Transport, deps: MonitorDeps): TransportMonitor {
  const health = healthOf(deps);
  let failuresInARow = 0;
  let pendingCheck: Promise<ConnectionTrouble | undefined> | undefined;

  const checkNow = (): Promise<ConnectionTrouble | undefined> => {
    pendingCheck ??= transport
      .ready()
      .then((trouble) => {
        if (trouble === undefined) health.markUp();
        else health.markDown(trouble.what);
        return trouble;
      })
      .finally(() => {
        pendingCheck = undefined;
      });
    return pendingCheck;
  };
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
      health.markDown('too many mails in a row failed');
    },
  };
}

/** Up or down, the number of failures, and the time of the next probe. */
function healthOf({ name, log, recordHealth, probeDelay = backoffAfter }: MonitorDeps) {
  let down = new AbortController();
  let joinedSignals = new WeakMap<AbortSignal, AbortSignal>();
  let failures = 0;
  let probeAt = 0;
  let proven = false;
  const isUp = () => !down.signal.aborted;

  return {
    isUp,
    isRested: () => !isUp() && monotonic() >= probeAt,
    markDown: (why: string): void => {
      failures += 1;
      probeAt = monotonic() + probeDelay(failures);
      if (!isUp()) return;
      log('transport is down', { transport: name, why });
      recordHealth?.(why);
      down.abort();
    },
    markUp: (): void => {
      failures = 0;
      if (!proven || !isUp()) recordHealth?.(undefined);
      proven = true;
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
