interface SharedCallOptions<T, R> {
  /** One call for several items: the results in the order of the items. If it rejects, so does each of its items. */
  readonly send: (items: readonly T[]) => Promise<readonly R[]>;
  /** Items of one call (200). */
  readonly most?: number;
  /** Calls that are under way at once (1). */
  readonly atOnce?: number;
  /** The size of an item, and that of all items of a call; a single item may be larger. */
  readonly size?: { readonly of: (item: T) => number; readonly most: number };
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets items share calls: while a call is under way, newcomers wait for the next one. Nothing waits on a timer, so that
 * a single item is sent at once.
 */
export function sharedCalls<T, R>({ send, most = 200, atOnce = 1, size }: SharedCallOptions<T, R>) {
  const waiting: Waiting<T, R>[] = [];
  let underWay = 0;
  let isScheduled = false;

  const takeGroup = (): Waiting<T, R>[] => {
    let count = 0;
    let bytes = 0;
    for (const { item } of waiting) {
      bytes += size?.of(item) ?? 0;
      if (count === most || (count > 0 && bytes > (size?.most ?? Number.POSITIVE_INFINITY))) break;
      count += 1;
    }
    return waiting.splice(0, count);
  };
  const sendGroup = async (group: readonly Waiting<T, R>[]): Promise<void> => {
    try {
      const results = await send(group.map(({ item }) => item));
      group.forEach(({ resolve }, i) => {
        resolve(results[i] as R);
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    underWay -= 1;
    schedule();
  };
  /** In a microtask, so that items added within one turn travel together. */
  const schedule = (): void => {
    if (isScheduled || underWay >= atOnce || waiting.length === 0) return;
    isScheduled = true;
    queueMicrotask(() => {
      isScheduled = false;
      underWay += 1;
      void sendGroup(takeGroup());
      schedule();
    });
  };

  return (item: T): Promise<R> =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      schedule();
    });
}
