/** Milliseconds; 0 turns a limit off. */
export interface TimeLimits {
  /** A whole request, uploads included; then the response is 408 and the connection is closed. */
  readonly request: number;
  /** The header section of a request. */
  readonly headers: number;
  /** Delay of the event loop above which requests are refused. */
  readonly loopDelay: number;
  /** An answer that may wait for MongoDB; then MongoDB is asked whether it responds, within `storePing`. */
  readonly answer: number;
  readonly storePing: number;
}

export const TIME_LIMITS: TimeLimits = {
  request: 300_000,
  headers: 15_000,
  loopDelay: 2_000,
  answer: 5_000,
  storePing: 3_000,
};
