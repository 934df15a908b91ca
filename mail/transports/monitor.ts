import { setTimeout as pause } from 'node:timers/promises';
import { monotonic } from '../../clock.js';
import { isTransportFailure } from '../../domain/campaign/window.js';
import { fateOf } from '../../domain/delivery/classify.js';
import type { ConnectionTrouble, Outcome } from '../../domain/delivery/outcome.js';
import { backoffAfter } from '../../domain/transport.js';
import type { Transport } from './transport.js';

/** One transport and what is known of its health. */
export interface TransportMonitor {
  readonly transport: Transport;
  isUp(): boolean;
  /**
   * Asks for a connection past EHLO and AUTH; trouble takes the line down, success brings it back. Where there is another
   * line, one that is slow to answer is left for it; without one every answer is waited for.
   */
  check(isAlone: boolean): Promise<ConnectionTrouble | undefined>;
  /** Looks behind the caller's back whether a line that is down has come back, where it has rested long enough. */
  probeIfDue(): void;
  /** What a mail on it came to; the line goes down where no connection is to be had, or mail after mail blames it. */
  recordOutcome(outcome: Outcome): Promise<void>;
  /** Aborted with the given signal, and when the line goes down: nobody queues there any longer. */
  untilDown(signal: AbortSignal): AbortSignal;
}

export interface MonitorDeps {
  readonly name: string;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /** Told what is wrong when the line goes down, and undefined when it is up for the first time or again. */
  readonly recordHealth?: (trouble: string | undefined) => void;
  /** Milliseconds to wait for a session before another line is asked. */
  readonly sessionTimeout: number;
  /** Milliseconds until the next probe after so many failures in a row. */
  readonly probeDelay?: (failures: number) => number;
}

/** Mails in a row that blame the way. */
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
        // Other connections may be at work: a server that refuses one more is not down.
        await checkWithinTimeout();
        return;
      }
      failuresInARow = isFailedOutcome(outcome) ? failuresInARow + 1 : 0;
      if (failuresInARow < MAX_FAILURES_IN_A_ROW) return;
      failuresInARow = 0;
      health.markDown('mail after mail was not taken');
    },
  };
}

/** Up or down, since how many failures, and until when it rests. */
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
    /** One joined signal for all mails of the same owner: they are many. */
    untilDown: (signal: AbortSignal): AbortSignal => {
      const known = joinedSignals.get(signal) ?? AbortSignal.any([signal, down.signal]);
      joinedSignals.set(signal, known);
      return known;
    },
  };
}

export const SLOW: ConnectionTrouble = { stage: 'connect', what: 'no session in good time' };

function isFailedOutcome(outcome: Outcome): boolean {
  return outcome.kind === 'uncertain' || isTransportFailure(fateOf(outcome));
}
