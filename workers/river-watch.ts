import type { River } from '../store/river.js';

export interface WatchGround {
  readonly river: Pick<River, 'watch' | 'accountsInMotion'>;
  /** Orders the events of an account and wakes the endpoints they are for. */
  readonly ring: (account: number) => Promise<void>;
  readonly log: { warn(details: object, message: string): void };
}

/** The bell of an account rings at once, then once a second as long as events come in, however many they are. */
const PAUSE = 1_000;

/**
 * Hears of events as they are appended, by whichever process. What is missed here, or lost with this process, the sweep
 * finds. Returns how to end it.
 */
export function watchRiver({ river, ring, log }: WatchGround): () => Promise<void> {
  /** Accounts whose bell has rung within the last second, and whether they have moved since. */
  const rung = new Map<number, boolean>();
  let closed = false;
  let watch: ReturnType<River['watch']> | undefined;

  const ringFor = async (account: number): Promise<void> => {
    rung.set(account, false);
    await ring(account).catch((error) => log.warn({ account, error: String(error) }, 'events are left to the sweep'));
    setTimeout(() => {
      const moved = rung.get(account) === true;
      rung.delete(account);
      if (moved && !closed) void ringFor(account);
    }, PAUSE).unref();
  };
  const moves = (account: number): void => {
    if (rung.has(account)) rung.set(account, true);
    else void ringFor(account);
  };

  const reopen = (why: unknown): void => {
    log.warn({ error: String(why) }, 'new events are not heard of; the sweep finds them');
    setTimeout(open, PAUSE).unref();
  };
  const open = (): void => {
    if (closed) return;
    watch = river.watch(moves);
    watch.ended.catch(reopen);
    // What was appended before there was anybody to hear it.
    river.accountsInMotion().then(
      (accounts) => accounts.forEach(moves),
      () => undefined,
    );
  };

  open();
  return async () => {
    closed = true;
    await watch?.close().catch(() => undefined);
  };
}
