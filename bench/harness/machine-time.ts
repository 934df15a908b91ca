/** Milliseconds of the machine's monotonic clock: the same in every process, unlike `monotonic`. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One mail as the sink saw it. */
export interface Arrival {
  readonly at: number;
  readonly to: string;
}

/** Requests to the sink: all arrivals, their number, or the arrival at an address once it is there. */
export type SinkRequest = 'accepted' | 'count' | { readonly taken: string };
export type SinkResponse =
  | { readonly accepted: readonly Arrival[] }
  | { readonly count: number }
  | { readonly taken: Arrival };
