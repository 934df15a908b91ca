import { setTimeout as pause } from 'node:timers/promises';
import { monotonic } from '../../clock.js';
import { fateOf } from '../../domain/classify.js';
import type { ConnectionTrouble, Outcome } from '../../domain/outcome.js';
import { restAfter } from '../../domain/transport.js';
import { blamesTheTransport } from '../../domain/window.js';
import type { Transport } from '../transport.js';

/** One transport and what is known of its health. */
export interface Line {
  readonly transport: Transport;
  isUp(): boolean;
  /**
   * Asks for a connection past EHLO and AUTH; trouble takes the line down, success brings it back. Where there is another
   * line, one that is slow to answer is left for it; without one every answer is waited for.
   */
  prove(isAlone: boolean): Promise<ConnectionTrouble | undefined>;
  /** Looks behind the caller's back whether a line that is down has come back, where it has rested long enough. */
  probeIfDue(): void;
  /** What a mail on it came to; the line goes down where no connection is to be had, or mail after mail blames it. */
  judge(outcome: Outcome): Promise<void>;
  /** Aborted with the given signal, and when the line goes down: nobody queues there any longer. */
  untilDown(signal: AbortSignal): AbortSignal;
}

export interface LineDeps {
  readonly name: string;
  readonly log: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /** Told what is wrong when the line goes down, and undefined when it is up for the first time or again. */
  readonly note?: (trouble: string | undefined) => void;
  /** Milliseconds to wait for a session before another line is asked. */
  readonly patience: number;
  /** Milliseconds until the next probe after so many failures in a row. */
  readonly rest?: (failures: number) => number;
}

/** Mails in a row that blame the way. */
const MOST_BLAMES = 10;

export function lineOver(transport: Transport, deps: LineDeps): Line {
  const health = healthOf(deps);
  let blames = 0;
  let asking: Promise<ConnectionTrouble | undefined> | undefined;

  const ask = (): Promise<ConnectionTrouble | undefined> => {
    asking ??= transport
      .ready()
      .then((trouble) => {
        if (trouble === undefined) health.comeBack();
        else health.goDown(trouble.what);
        return trouble;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const askShortly = async (): Promise<ConnectionTrouble | undefined> => {
    const stop = new AbortController();
    const slow = pause(deps.patience, SLOW, { signal: stop.signal }).catch(() => SLOW);
    const trouble = await Promise.race([ask(), slow]);
    stop.abort();
    if (trouble === SLOW && health.isUp()) health.goDown(SLOW.what);
    return trouble;
  };

  return {
    transport,
    isUp: health.isUp,
    untilDown: health.untilDown,
    prove: (isAlone) => (isAlone ? ask() : askShortly()),
    probeIfDue: () => {
      if (health.isRested()) void ask();
    },
    judge: async (outcome) => {
      if (!health.isUp()) return;
      if (outcome.kind === 'not_handed_over' && outcome.why.stage === 'connect') {
        // Other connections may be at work: a server that refuses one more is not down.
        await askShortly();
        return;
      }
      blames = isBlame(outcome) ? blames + 1 : 0;
      if (blames < MOST_BLAMES) return;
      blames = 0;
      health.goDown('mail after mail was not taken');
    },
  };
}

/** Up or down, since how many failures, and until when it rests. */
function healthOf({ name, log, note, rest = restAfter }: LineDeps) {
  let fallen = new AbortController();
  let joined = new WeakMap<AbortSignal, AbortSignal>();
  let failures = 0;
  let probeAt = 0;
  let proven = false;
  const isUp = () => !fallen.signal.aborted;

  return {
    isUp,
    isRested: () => !isUp() && monotonic() >= probeAt,
    goDown: (why: string): void => {
      failures += 1;
      probeAt = monotonic() + rest(failures);
      if (!isUp()) return;
      log('transport is down', { transport: name, why });
      note?.(why);
      fallen.abort();
    },
    comeBack: (): void => {
      failures = 0;
      if (!proven || !isUp()) note?.(undefined);
      proven = true;
      if (isUp()) return;
      fallen = new AbortController();
      joined = new WeakMap();
      log('transport is back', { transport: name });
    },
    /** One joined signal for all mails of the same owner: they are many. */
    untilDown: (signal: AbortSignal): AbortSignal => {
      const known = joined.get(signal) ?? AbortSignal.any([signal, fallen.signal]);
      joined.set(signal, known);
      return known;
    },
  };
}

export const SLOW: ConnectionTrouble = { stage: 'connect', what: 'no session in good time' };

function isBlame(outcome: Outcome): boolean {
  return outcome.kind === 'uncertain' || blamesTheTransport(fateOf(outcome));
}
