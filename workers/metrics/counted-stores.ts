import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import type { MessageStep } from '../../domain/message/step.js';
import type { Ledger } from '../../store/campaigns/ledger.js';
import type { MessageProgress } from '../../store/messages/progress.js';
import type { Message } from '../../store/messages/row.js';
import type { MailMetrics } from './metrics.js';

/**
 * The ledger, counting the outcomes that each write settles: the recipients of a window, and those that a lost owner left in
 * doubt. Late evidence is not counted: it sends no mail.
 */
export function countedLedger(ledger: Ledger, count: MailMetrics['campaign'] | undefined): Ledger {
  if (count === undefined) return ledger;
  const taken = (page: LedgerPage | undefined): LedgerPage | undefined => {
    if (page !== undefined) count('uncertain', leftInDoubt(page));
    return page;
  };
  return {
    ...ledger,
    take: async (key, token, alive) => taken(await ledger.take(key, token, alive)),
    sweep: async (account, campaign) => taken(await ledger.sweep(account, campaign)),
    advance: async (page, step, alive) => {
      const verdict = await ledger.advance(page, step, alive);
      if (verdict === 'lost') return verdict;
      count('sent', step.settled - page.settled - step.exceptions.length);
      for (const { kind } of step.exceptions) count(kind, 1);
      return verdict;
    },
  };
}

/** The write that takes a page gives its uncertain recipients the same time as the page itself. */
function leftInDoubt({ exceptions, seen }: LedgerPage): number {
  return exceptions.filter(({ class: why, at }) => why === 'owner_lost' && at.getTime() === seen.getTime()).length;
}

/** The same for messages: each entry of a timeline is one outcome, whichever caller writes it. */
export function countedProgress(progress: MessageProgress, count: MailMetrics['message'] | undefined): MessageProgress {
  if (count === undefined) return progress;
  const counted = (write: (row: Message, step: MessageStep) => Promise<Message | null>) => {
    return async (row: Message, step: MessageStep): Promise<Message | null> => {
      const after = await write(row, step);
      if (after !== null) count(step.entry.outcome, 1);
      return after;
    };
  };
  return {
    ...progress,
    takeOver: counted(progress.takeOver),
    expire: counted(progress.expire),
    refuse: counted(progress.refuse),
    postpone: counted(progress.postpone),
    settle: async (row, token, step, alive) => {
      const verdict = await progress.settle(row, token, step, alive);
      if (verdict === 'done') count(step.entry.outcome, 1);
      return verdict;
    },
  };
}
