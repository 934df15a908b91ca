import { type BenchChild, benchChild } from '../harness/child.js';

/** Messages of one run, each posted with an Idempotency-Key; message n goes to `addressOf(prefix, n)`. */
export interface CallingOrder {
  readonly address: string;
  /** Used in turn: each has a request limit of its own. */
  readonly keys: readonly string[];
  readonly prefix: string;
  readonly messages: number;
  /** Requests under way at most, each on a connection that is kept. */
  readonly inFlight: number;
  /** Requests are sent at this pace, whatever the answers do; without it, the next follows an answer. */
  readonly perSecond?: number;
}

/** Milliseconds by the machine's clock, one for each message. */
export interface CallingRun {
  /** When the request was sent, or was due. */
  readonly requestedAt: readonly number[];
  readonly answeredAt: readonly number[];
  /** CPU milliseconds of the calling process. */
  readonly cpu: number;
}

export interface Caller {
  /** Rejects where a request is refused. */
  run(order: CallingOrder): Promise<CallingRun>;
  stop(): Promise<void>;
}

/** The callers, in a process of their own. */
export function callerProcess(): Caller {
  const child: BenchChild = benchChild(import.meta.url, 'calling');
  return { run: (order) => child.ask<CallingRun>(order), stop: child.stop };
}

export function addressOf(prefix: string, n: number): string {
  return `${prefix}-${n}@example.test`;
}
