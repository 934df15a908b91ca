import type { MessageStep } from '../domain/message-step.js';
import type { LedgerPage } from '../domain/page.js';
import type { Ledger } from '../store/ledger.js';
import type { MessageProgress } from '../store/message/progress.js';
import type { Message } from '../store/messages-row.js';
import type { MailFigures } from './figures.js';

/**
 * The ledger, counting what each of its writes has settled: a window's recipients, and those a lost owner left in doubt.
 * Late evidence is not counted: nothing more was sent for it.
 */
export function countedLedger(ledger: Ledger, tally: MailFigures['campaign'] | undefined): Ledger {
  if (tally === undefined) return ledger;
  const taken = (page: LedgerPage | undefined): LedgerPage | undefined => {
    if (page !== undefined) tally('uncertain', leftInDoubt(page));
    return page;
  };
  return {
    ...ledger,
    take: async (key, token, alive) => taken(await ledger.take(key, token, alive)),
    sweep: async (account, campaign) => taken(await ledger.sweep(account, campaign)),
    advance: async (page, step, alive) => {
      const verdict = await ledger.advance(page, step, alive);
      if (verdict === 'lost') return verdict;
      tally('sent', step.settled - page.settled - step.odd.length);
      for (const { kind } of step.odd) tally(kind, 1);
      return verdict;
    },
  };
}

/** The write that takes a page dates the doubt by the same clock, and at the same moment, as its own sight of the page. */
function leftInDoubt({ odd, seen }: LedgerPage): number {
  return odd.filter(({ class: why, at }) => why === 'owner_lost' && at.getTime() === seen.getTime()).length;
}

/** The same for messages: each entry of a timeline is an outcome, whoever writes it. */
export function countedProgress(progress: MessageProgress, tally: MailFigures['message'] | undefined): MessageProgress {
  if (tally === undefined) return progress;
  const counted = (decide: (row: Message, step: MessageStep) => Promise<Message | null>) => {
    return async (row: Message, step: MessageStep): Promise<Message | null> => {
      const after = await decide(row, step);
      if (after !== null) tally(step.entry.outcome, 1);
      return after;
    };
  };
  return {
    ...progress,
    overtake: counted(progress.overtake),
    expire: counted(progress.expire),
    refuse: counted(progress.refuse),
    postpone: counted(progress.postpone),
    settle: async (row, token, step, alive) => {
      const verdict = await progress.settle(row, token, step, alive);
      if (verdict === 'done') tally(step.entry.outcome, 1);
      return verdict;
    },
  };
}
