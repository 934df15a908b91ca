/** Milliseconds of the machine's monotonic clock: the same in every process, unlike `monotonic`. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One mail as the sink saw it. */
export interface Arrival {
  readonly at: number;
  readonly to: string;
}

/** What the sink may be asked: all arrivals, or the one at an address as soon as it is there. */
export type SinkRequest = 'accepted' | { readonly taken: string };
export type SinkResponse = { readonly accepted: readonly Arrival[] } | { readonly taken: Arrival };
