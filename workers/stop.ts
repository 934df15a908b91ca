import { setMaxListeners } from 'node:events';

/** The two moments of a shutdown: claim no more work (SIGTERM), and abort open work at the drain limit. */
export interface Stop {
  readonly stopping: AbortSignal;
  readonly drained: AbortSignal;
  begin(): void;
  /** Closes sockets at once: open mails become uncertain, waiting ones are deferred. */
  drain(transports: { destroy(): void }): void;
}

export function orderlyStop(): Stop {
  const stopping = new AbortController();
  const drained = new AbortController();
  // Each transport of each account listens to this signal.
  setMaxListeners(0, drained.signal);
  return {
    stopping: stopping.signal,
    drained: drained.signal,
    begin: () => stopping.abort(),
    drain: (transports) => {
      drained.abort();
      transports.destroy();
    },
  };
}
