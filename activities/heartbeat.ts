/** The part of Temporal's activity context that activities use. */
export interface ActivityContext {
  /** Aborted when Temporal cancels the activity or the worker shuts down. */
  readonly cancelled: AbortSignal;
  heartbeat(): void;
}

/** Heartbeats every `ms` milliseconds until the work ends. */
export async function withHeartbeat<T>(
  { heartbeat }: Pick<ActivityContext, 'heartbeat'>,
  ms: number,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(heartbeat, ms);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
