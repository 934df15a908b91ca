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
