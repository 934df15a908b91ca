import { setMaxListeners } from 'node:events';

/** The two moments of an end: claim no more (SIGTERM), and, at the drain limit, let go of whatever is still open. */
export interface Stop {
  readonly stopping: AbortSignal;
  readonly drained: AbortSignal;
  begin(): void;
  /** Sockets first, at once: what is open is in doubt from here on, what has not begun is deferred. */
  drain(transports: { destroy(): void }): void;
}

export function orderlyStop(): Stop {
  const stopping = new AbortController();
  const drained = new AbortController();
  // Each transport of each account listens to it.
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
