/** Milliseconds of the machine's monotonic clock: the same in every process, unlike `monotonic`. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One mail as the sink saw it. */
export interface Arrival {
  readonly at: number;
  readonly to: string;
}

/** Requests to the sink: how many mails it has accepted, or all of them from a number on. */
export type SinkRequest = 'count' | { readonly accepted: number };
export type SinkResponse = { readonly count: number } | { readonly accepted: readonly Arrival[] };
