import type { Store } from '../connect.js';
import type { Message } from '../messages-row.js';
import { type Held, quotas, type Wish } from './quotas.js';

interface Asking {
  readonly wishes: readonly Wish[];
  readonly answer: (held: Held) => void;
  readonly fail: (error: unknown) => void;
}

export type MessageQuota = ReturnType<typeof messageQuota>;

/** More than this are not put into one transaction. */
const MOST_AT_ONCE = 500;

/**
 * Reservations of messages. Whoever asks while a transaction of the same account is under way shares the next one, so that
 * a busy account makes few of them and they do not stand in each other's way.
 */
export function messageQuota(store: Store) {
  const { reserve, settle } = quotas(store);
  const waiting = new Map<number, Asking[]>();
  const running = new Set<number>();

  const together = async (account: number, group: readonly Asking[]): Promise<void> => {
    const all = group.flatMap(({ wishes }) => wishes);
    const held = await reserve(account, 'emails', all);
    if (held === 'held' || group.length === 1) {
      for (const { answer } of group) answer(held);
      return;
    }
    // Not for all of them: then each for itself, in the order in which they came.
    for (const { wishes, answer } of group) answer(await reserve(account, 'emails', wishes));
  };

  const run = async (account: number): Promise<void> => {
    running.add(account);
    for (let queue = waiting.get(account); queue !== undefined && queue.length > 0; queue = waiting.get(account)) {
      const group = queue.splice(0, MOST_AT_ONCE);
      await together(account, group).catch((error: unknown) => {
        for (const { fail } of group) fail(error);
      });
    }
    waiting.delete(account);
    running.delete(account);
  };

  return {
    /** One mail for each of these ids, for all or for none. */
    hold: (account: number, ids: readonly string[]): Promise<Held> =>
      new Promise((answer, fail) => {
        const wishes = ids.map((message) => ({
          _id: `message:${message}`,
          holder: { kind: 'message', message } as const,
          amount: 1,
        }));
        const queue = waiting.get(account) ?? [];
        queue.push({ wishes, answer, fail });
        waiting.set(account, queue);
        if (!running.has(account)) void run(account);
      }),

    /** These were not accepted after all, or were taken back; those that hold nothing cost nothing here. */
    giveBack: async (group: readonly Pick<Message, '_id' | 'counts_for'>[]): Promise<void> => {
      const holders = group.filter(({ counts_for }) => counts_for === undefined);
      if (holders.length > 0) await settle(holders.map(({ _id }) => ({ _id: `message:${_id}`, used: 0 })));
    },
  };
}
