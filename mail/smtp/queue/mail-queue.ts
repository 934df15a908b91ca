import { setMaxListeners } from 'node:events';
import type { ConnectionTrouble, Outcome } from '../../../domain/delivery/outcome.js';
import { isAllowed, MOST_TRIES, NOT_BEGUN, type QueuedMail, type Share } from '../hand-over.js';
import { fairLine } from './fair-line.js';

export type MailQueue = ReturnType<typeof mailQueue>;

const CANCELLED: ConnectionTrouble = { stage: 'connect', what: 'no longer wanted' };
export const CLOSED: ConnectionTrouble = { stage: 'connect', what: 'the transport is closed' };

/** Any connection may take it. */
export function isOrdinary({ fresh }: QueuedMail): boolean {
  return !fresh;
}

function untried(why: ConnectionTrouble): Outcome {
  return { kind: 'not_handed_over', why, untried: true };
}

const NO_SHARE: Share = { account: 0, campaign: 0 };

/** The mails that wait for a connection of a transport. `changed` is called when there is one more. */
export function mailQueue(changed: () => void) {
  const line = fairLine<QueuedMail>(({ order }) => order.share ?? NO_SHARE);
  let isOpen = true;
  const dismiss = (outcome: Outcome, isMeant: (mail: QueuedMail) => boolean): void => {
    const dismissed: QueuedMail[] = [];
    line.remove((mail) => isMeant(mail) && dismissed.push(mail) > 0);
    // The queue is complete before a caller hears of it: callers may close the transport at once.
    for (const { settled } of dismissed) settled(outcome);
  };
  const signals = watchedSignals((signal) => dismiss(untried(CANCELLED), ({ order }) => order.signal === signal));

  return {
    length: line.length,
    add: ({ mail, order, settled }: Pick<QueuedMail, 'mail' | 'order' | 'settled'>): void => {
      if (!isOpen || order.signal.aborted) {
        const why = isOpen ? CANCELLED : CLOSED;
        // Not before `add` has returned.
        setImmediate(() => settled(untried(why)));
        return;
      }
      signals.watch(order.signal);
      line.add({ mail, order, settled, tries: 0, returns: 0, fresh: false });
      changed();
    },
    /** Puts a mail that was not handed over at the head. */
    giveBack: (mail: QueuedMail): void => {
      if (!isOpen || mail.order.signal.aborted) {
        mail.settled(NOT_BEGUN);
        return;
      }
      line.putBack(mail);
      changed();
    },
    /** The next mail that fits and may still begin. */
    take: (fits: (mail: QueuedMail) => boolean): QueuedMail | undefined => {
      for (;;) {
        const mail = line.take(fits);
        if (mail === undefined || isAllowed(mail.order)) return mail;
        mail.settled(NOT_BEGUN);
      }
    },
    /** No connection could be opened: a mail that has no try left is settled with the trouble. */
    countTry: (trouble: ConnectionTrouble): void => {
      dismiss({ kind: 'not_handed_over', why: trouble }, (mail) => {
        mail.tries += 1;
        return mail.tries >= MOST_TRIES;
      });
    },
    /** Settles all mails; later ones are settled at once. */
    close: (): void => {
      isOpen = false;
      dismiss(untried(CLOSED), () => true);
      signals.end();
    },
  };
}

/** Calls back once for each watched signal that is aborted. */
function watchedSignals(aborted: (signal: AbortSignal) => void) {
  const watched = new WeakSet<AbortSignal>();
  // Signals outlive the transports that listen to them.
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  return {
    watch: (signal: AbortSignal): void => {
      if (watched.has(signal)) return;
      watched.add(signal);
      signal.addEventListener('abort', () => aborted(signal), { once: true, signal: over.signal });
    },
    end: () => over.abort(),
  };
}
