import { localSignal } from '../../activities/signal.js';
import type { Inbound } from '../../store/inbound/inbound.js';

export interface InboundWatchContext {
  readonly inbound: Pick<Inbound, 'watch'>;
  /** Acts on everything that waits. */
  readonly read: () => Promise<void>;
  readonly log: { warn(details: object, message: string): void };
}

/** What no ring has told is found then, as what a killed worker had begun: the sweep may wait for that worker itself. */
const POLL_MS = 5_000;
const PAUSE = 1_000;

/**
 * Reads a report as it comes in, whichever process has taken it in. What is missed here, or lost with this process, the
 * sweep finds. Returns how to end it.
 */
export function watchInbound({ inbound, read, log }: InboundWatchContext): () => Promise<void> {
  const signal = localSignal();
  let closed = false;
  let stream: ReturnType<Inbound['watch']> | undefined;

  const open = (): void => {
    if (closed) return;
    stream = inbound.watch(signal.notify);
    // What came in before there was anybody to hear it.
    signal.notify();
    stream.once('error', (error) => {
      log.warn({ error: String(error) }, 'new reports are not heard of; the sweep finds them');
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
