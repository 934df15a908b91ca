import { localSignal } from '../activities/signal.js';
import type { EventLog } from '../store/events/event-log.js';
import type { Inbound } from '../store/inbound/inbound.js';

export interface EventLogWatchContext {
  readonly eventLog: Pick<EventLog, 'watch' | 'accountsToSequence'>;
  /** Sequences the events of an account and signals the endpoints that subscribe to them. */
  readonly notify: (account: number) => Promise<void>;
  readonly log: { warn(details: object, message: string): void };
}

/** An account is notified at once, then at most once a second while events arrive. */
const PAUSE = 1_000;

/**
 * Watches the events that any process appends. The sweep finds events that are missed here or lost with this process. Returns
 * a function that ends the watch.
 */
export function watchEventLog({ eventLog, notify, log }: EventLogWatchContext): () => Promise<void> {
  /** Accounts notified within the last second, and whether events have arrived since. */
  const notified = new Map<number, boolean>();
  let closed = false;
  let watch: ReturnType<EventLog['watch']> | undefined;

  const notifyAccount = async (account: number): Promise<void> => {
    notified.set(account, false);
    await notify(account).catch((error) =>
      log.warn(
        { account, error: String(error) },
        'webhooks of an account were not notified of new events; the sweep notifies them within seconds',
      ),
    );
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
    log.warn({ error: String(why) }, 'the watch for new events failed; the sweep finds them');
    setTimeout(open, PAUSE).unref();
  };
  const open = (): void => {
    if (closed) return;
    watch = eventLog.watch(accountChanged);
    watch.ended.catch(reopen);
    // Events that were appended before the watch started.
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

interface InboundWatchContext {
  readonly inbound: Pick<Inbound, 'watch'>;
  /** Processes all waiting reports. */
  readonly read: () => Promise<void>;
  readonly log: { warn(details: object, message: string): void };
}

/** Finds missed reports, and those that a killed worker had started: the sweep may itself wait for that worker. */
const POLL_MS = 5_000;

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
      await read().catch((error) =>
        log.warn({ error: String(error) }, 'inbound reports could not be read; the sweep reads them within seconds'),
      );
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
