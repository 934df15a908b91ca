interface SharedCallOptions<T, R> {
  /** One call for several items: the results in the order of the items. If it rejects, so does each of its items. */
  readonly send: (items: readonly T[]) => Promise<readonly R[]>;
  /** Items of one call (200). */
  readonly most?: number;
  /** Calls that are under way at once (1). */
  readonly atOnce?: number;
  /** The size of an item, and that of all items of a call; a single item may be larger. */
  readonly size?: { readonly of: (item: T) => number; readonly most: number };
  /** A call takes its items once this has resolved. If it rejects, the call is tried again. */
  readonly ready?: () => Promise<unknown>;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly size: number;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets items share calls: while a call is under way, newcomers wait for the next one. Without `ready` nothing waits on a
 * timer, so that a single item is sent at once.
 */
export function sharedCalls<T, R>({ send, most = 200, atOnce = 1, size, ready }: SharedCallOptions<T, R>) {
  const waiting: Waiting<T, R>[] = [];
  let underWay = 0;
  let isScheduled = false;

  const takeGroup = (): Waiting<T, R>[] => {
    let count = 0;
    let total = 0;
    for (const { size: own } of waiting) {
      total += own;
      if (count === most || (count > 0 && total > (size?.most ?? Number.POSITIVE_INFINITY))) break;
      count += 1;
    }
    return waiting.splice(0, count);
  };
  const sendNext = async (): Promise<void> => {
    let group: readonly Waiting<T, R>[] = [];
    try {
      if (ready !== undefined) await ready();
      group = takeGroup();
      const results = group.length === 0 ? [] : await send(group.map(({ item }) => item));
      group.forEach(({ resolve }, i) => {
        resolve(results[i] as R);
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      underWay -= 1;
      schedule();
    }
  };
  /** At the end of the turn, so that items that come with the same bytes from the network travel together. */
  const schedule = (): void => {
    if (isScheduled || underWay >= atOnce || waiting.length === 0) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      underWay += 1;
      void sendNext();
      schedule();
    });
  };

  return (item: T): Promise<R> =>
    new Promise((resolve, reject) => {
      // An item whose size cannot be told rejects its own caller alone.
      waiting.push({ item, size: size?.of(item) ?? 0, resolve, reject });
      schedule();
    });
}
