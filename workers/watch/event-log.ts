import type { EventLog } from '../../store/events/event-log.js';

export interface EventLogWatchContext {
  readonly eventLog: Pick<EventLog, 'watch' | 'accountsToSequence'>;
  /** Orders the events of an account and wakes the endpoints they are for. */
  readonly notify: (account: number) => Promise<void>;
  readonly log: { warn(details: object, message: string): void };
}

/** The bell of an account rings at once, then once a second as long as events come in, however many they are. */
const PAUSE = 1_000;

/**
 * Hears of events as they are appended, by whichever process. What is missed here, or lost with this process, the sweep
 * finds. Returns how to end it.
 */
export function watchEventLog({ eventLog, notify, log }: EventLogWatchContext): () => Promise<void> {
  /** Accounts whose bell has rung within the last second, and whether they have moved since. */
  const notified = new Map<number, boolean>();
  let closed = false;
  let watch: ReturnType<EventLog['watch']> | undefined;

  const notifyAccount = async (account: number): Promise<void> => {
    notified.set(account, false);
    await notify(account).catch((error) => log.warn({ account, error: String(error) }, 'events are left to the sweep'));
    setTimeout(() => {
      const changedSince = notified.get(account) === true;
      notified.delete(account);
      if (changedSince && !closed) void notifyAccount(account);
    }, PAUSE).unref();
  };
  const accountChanged = (account: number): void => {
    if (notified.has(account)) notified.set(account, true);
    else void notifyAccount(account);
  };

  const reopen = (why: unknown): void => {
    log.warn({ error: String(why) }, 'new events are not heard of; the sweep finds them');
    setTimeout(open, PAUSE).unref();
  };
  const open = (): void => {
    if (closed) return;
    watch = eventLog.watch(accountChanged);
    watch.ended.catch(reopen);
    // What was appended before there was anybody to hear it.
    eventLog.accountsToSequence().then(
      (accounts) => accounts.forEach(accountChanged),
      () => undefined,
    );
  };

  open();
  return async () => {
    closed = true;
    await watch?.close().catch(() => undefined);
  };
}
