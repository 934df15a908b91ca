import { later, now } from '../../clock.js';
import type { ConnectionTrouble, Outcome } from '../../domain/delivery/outcome.js';
import { shortReply } from '../../domain/delivery/scrub.js';
import {
  phaseOf,
  signOf,
  stateAfter,
  type TransportHealth,
  type TransportState,
} from '../../domain/delivery/transport-health.js';
import type { Transport } from './transport.js';

/** How this process finds one route. It observes and reports, and decides nothing about mail. */
export type RouteHealth = ReturnType<typeof routeHealth>;

export interface RouteHealthOptions {
  /** The longest wait between two looks at a route that is down, in milliseconds. */
  readonly longestWait: number;
  /** Called after each change; true: the state or the next look is another one. Must be cheap: it is called for each mail. */
  readonly changed?: (isUrgent: boolean) => void;
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/** The first wait is this part of the longest one; each wait is twice as long as the one before. */
const FIRST_WAIT = 1 / 60;

export function routeHealth(options: RouteHealthOptions) {
  const health: Mutable<TransportHealth> = {
    state: 'unknown',
    since: now(),
    error: null,
    accepted_at: null,
    next_try: null,
    in_flight: 0,
  };
  const become = transitions(health, options);
  const settled = (outcome: Outcome): void => {
    health.in_flight -= 1;
    if (outcome.kind === 'accepted') health.accepted_at = now();
    const { state, error } = signOf(outcome);
    if (error !== undefined) health.error = { at: now(), ...error };
    become(state ?? health.state);
  };

  return {
    health: (): TransportHealth => ({ ...health }),

    /** The same transport, whose mails are counted and whose outcomes are read. */
    observed: (transport: Transport): Transport =>
      counted(transport, settled, () => {
        health.in_flight += 1;
      }),

    /** A connection is past AUTH. Only an accepted mail ends a limit of the rate. */
    connected: (): void => {
      if (health.state !== 'up' && health.state !== 'rate_limited') become('up');
    },

    /** No connection could be opened, or none in time. */
    failed: (trouble: ConnectionTrouble): void => {
      health.error = { at: now(), reply: shortReply(trouble.what), phase: phaseOf(trouble) };
      become(stateAfter(trouble));
    },

    /** Too many mails in a row have failed; their errors are known. */
    broken: (): void => become('down'),
  };
}

/** Changes the state, and with it the time of the next look at a route that is down. */
function transitions(
  health: Mutable<TransportHealth>,
  { longestWait, changed = () => undefined }: RouteHealthOptions,
): (state: TransportState) => void {
  let failures = 0;
  const postpone = (): boolean => {
    // A look before its time, such as that of a new message, does not postpone the next one.
    if (health.next_try !== null && health.next_try > now()) return false;
    health.next_try = later(Math.min(longestWait, longestWait * FIRST_WAIT * 2 ** failures));
    failures += 1;
    return true;
  };
  return (state) => {
    const isTransition = state !== health.state;
    if (isTransition) {
      health.state = state;
      health.since = now();
    }
    if (state === 'up') {
      failures = 0;
      health.next_try = null;
    }
    const isPostponed = (state === 'down' || state === 'refusing_logins') && postpone();
    changed(isTransition || isPostponed);
  };
}

function counted(transport: Transport, settled: (outcome: Outcome) => void, begun: () => void): Transport {
  const send: Transport['send'] = (mail, order, done) => {
    begun();
    transport.send(mail, order, (outcome) => {
      settled(outcome);
      done(outcome);
    });
  };
  return { ...transport, send, deliver: (mail, order) => new Promise((done) => send(mail, order, done)) };
}
