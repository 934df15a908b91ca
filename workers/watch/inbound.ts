import { localSignal } from '../../activities/signal.js';
import type { Inbound } from '../../store/inbound/inbound.js';

export interface InboundWatchContext {
  readonly inbound: Pick<Inbound, 'watch'>;
  /** Processes all waiting reports. */
  readonly read: () => Promise<void>;
  readonly log: { warn(details: object, message: string): void };
}

/** Finds missed reports, and those that a killed worker had started: the sweep may itself wait for that worker. */
const POLL_MS = 5_000;
const PAUSE = 1_000;

/**
 * Processes reports as they arrive in any process. The sweep finds reports that are missed here or lost with this process.
 * Returns a function that ends the watch.
 */
export function watchInbound({ inbound, read, log }: InboundWatchContext): () => Promise<void> {
  const signal = localSignal();
  let closed = false;
  let stream: ReturnType<Inbound['watch']> | undefined;

  const open = (): void => {
    if (closed) return;
    stream = inbound.watch(signal.notify);
    // Reports that arrived before the watch started.
    signal.notify();
    stream.once('error', (error) => {
      log.warn({ error: String(error) }, 'the watch for new reports failed; the sweep finds them');
      void stream?.close().catch(() => undefined);
      setTimeout(open, PAUSE).unref();
    });
  };
  const processReports = async (): Promise<void> => {
    while (!closed) {
      await signal.wait(POLL_MS);
      if (closed) return;
      await read().catch((error) => log.warn({ error: String(error) }, 'reports are left to the sweep'));
    }
  };

  open();
  const ended = processReports();
  return async () => {
    closed = true;
    signal.notify();
    await stream?.close().catch(() => undefined);
    await ended;
  };
}
