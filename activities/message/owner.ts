import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { MessageStep } from '../../domain/message/step.js';
import type { MessageProgress } from '../../store/messages/progress.js';
import type { Message } from '../../store/messages/row.js';
import type { Verdict } from '../../store/mongo/conditional-writes.js';
import { elapsedSince, instant } from '../campaign/page/owner.js';

export interface MessageOwnerDeps {
  readonly messageProgress: MessageProgress;
  readonly times: ProtocolTimes;
}

/**
 * Claims the message and owns it until it is settled: renews the claim and says for how long it is trusted, counted from
 * the moment the last confirmed write was *sent*. Undefined if another process claimed it first.
 */
export async function ownMessage({ messageProgress, times }: MessageOwnerDeps, row: Message, token: string) {
  const claimedAt = instant();
  const alive = () => elapsedSince(claimedAt) < times.startToClose;
  if ((await messageProgress.claim(row, token, alive)) === 'lost') return undefined;
  let confirmed = claimedAt;
  let lost = false;
  let renewing: Promise<void> = Promise.resolve();

  const renew = async (): Promise<void> => {
    const at = instant();
    const verdict = await messageProgress.renew(row, token, alive);
    lost = verdict === 'lost';
    if (!lost) confirmed = at;
  };
  // A renewal that fails does not stop the attempt: the trust expires by itself.
  const timer = setInterval(() => {
    renewing = renewing.then(renew).catch(() => undefined);
  }, times.renewEvery);

  return {
    trusted: (): boolean => !lost && elapsedSince(confirmed) < times.trust,
    /** Ends ownership, whether the claim was still held or not. */
    settle: async (step: MessageStep): Promise<Verdict> => {
      clearInterval(timer);
      await renewing;
      return messageProgress.settle(row, token, step, alive);
    },
    /** Ends ownership without a write: the lease expires. */
    abandon: (): void => clearInterval(timer),
  };
}

interface Queue {
  busy: number;
  readonly waiting: (() => void)[];
}

/**
 * Runs at most `limit()` pieces of work of each key at once, in the order of the calls. A message that is claimed but not
 * yet on a connection would be uncertain if the process died, so it is claimed only when a connection is free.
 */
export function keyedSemaphore() {
  const queues = new Map<string, Queue>();

  return async <T>(key: string, limit: () => number, work: () => Promise<T>): Promise<T> => {
    const queue = queues.get(key) ?? { busy: 0, waiting: [] };
    queues.set(key, queue);
    await new Promise<void>((go) => {
      queue.waiting.push(go);
      admit(queue, limit());
    });
    try {
      return await work();
    } finally {
      queue.busy -= 1;
      admit(queue, limit());
      if (queue.busy === 0) queues.delete(key);
    }
  };
}

/** The limit may have grown meanwhile; at least one is admitted. */
function admit(queue: Queue, limit: number): void {
  while (queue.waiting.length > 0 && queue.busy < Math.max(1, limit)) {
    queue.busy += 1;
    queue.waiting.shift()?.();
  }
}
