import { doorbell } from '../activities/doorbell.js';
import type { Inbound } from '../store/inbound.js';

export interface InboundWatchGround {
  readonly inbound: Pick<Inbound, 'watch'>;
  /** Acts on everything that waits. */
  readonly read: () => Promise<void>;
  readonly log: { warn(details: object, message: string): void };
}

/** What no ring has told is found then, as what a killed worker had begun: the sweep may wait for that worker itself. */
const LONGEST_SLEEP = 5_000;
const PAUSE = 1_000;

/**
 * Reads a report as it comes in, whichever process has taken it in. What is missed here, or lost with this process, the
 * sweep finds. Returns how to end it.
 */
export function watchInbound({ inbound, read, log }: InboundWatchGround): () => Promise<void> {
  const bell = doorbell();
  let closed = false;
  let stream: ReturnType<Inbound['watch']> | undefined;

  const open = (): void => {
    if (closed) return;
    stream = inbound.watch(bell.ring);
    // What came in before there was anybody to hear it.
    bell.ring();
    stream.once('error', (error) => {
      log.warn({ error: String(error) }, 'new reports are not heard of; the sweep finds them');
      void stream?.close().catch(() => undefined);
      setTimeout(open, PAUSE).unref();
    });
  };
  const reading = async (): Promise<void> => {
    while (!closed) {
      await bell.wait(LONGEST_SLEEP);
      if (closed) return;
      await read().catch((error) => log.warn({ error: String(error) }, 'reports are left to the sweep'));
    }
  };

  open();
  const ended = reading();
  return async () => {
    closed = true;
    bell.ring();
    await stream?.close().catch(() => undefined);
    await ended;
  };
}
