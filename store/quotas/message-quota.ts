import type { Message } from '../messages/row.js';
import type { Store } from '../mongo/connect.js';
import { quotas, type ReservationRequest, type ReservationResult } from './quotas.js';

interface PendingReservation {
  readonly requests: readonly ReservationRequest[];
  readonly resolve: (held: ReservationResult) => void;
  readonly reject: (error: unknown) => void;
}

export type MessageQuota = ReturnType<typeof messageQuota>;

/** Maximum reservations in one transaction. */
const MOST_AT_ONCE = 500;

/**
 * Reserves quota for messages. Requests that arrive during a transaction of the same account share the next one, so that a
 * busy account runs few transactions and they do not conflict.
 */
export function messageQuota(store: Store) {
  const { reserve, settle } = quotas(store);
  const waiting = new Map<number, PendingReservation[]>();
  const running = new Set<number>();

  const reserveTogether = async (account: number, group: readonly PendingReservation[]): Promise<void> => {
    const all = group.flatMap(({ requests }) => requests);
    const held = await reserve(account, 'emails', all);
    if (held === 'held' || group.length === 1) {
      for (const { resolve } of group) resolve(held);
      return;
    }
    // The quota does not cover all of them: reserve one by one, in order of arrival.
    for (const { requests, resolve } of group) resolve(await reserve(account, 'emails', requests));
  };

  const run = async (account: number): Promise<void> => {
    running.add(account);
    for (let queue = waiting.get(account); queue !== undefined && queue.length > 0; queue = waiting.get(account)) {
      const group = queue.splice(0, MOST_AT_ONCE);
      await reserveTogether(account, group).catch((error: unknown) => {
        for (const { reject } of group) reject(error);
      });
    }
    waiting.delete(account);
    running.delete(account);
  };

  return {
    /** Reserves one mail for each of these ids, for all or for none. */
    reserve: (account: number, ids: readonly string[]): Promise<ReservationResult> =>
      new Promise((resolve, reject) => {
        const requests = ids.map((message) => ({
          _id: `message:${message}`,
          holder: { kind: 'message', message } as const,
          amount: 1,
        }));
        const queue = waiting.get(account) ?? [];
        queue.push({ requests, resolve, reject });
        waiting.set(account, queue);
        if (!running.has(account)) void run(account);
      }),

    /** Releases the reservations of messages that were refused or cancelled; ids without a reservation cost nothing. */
    release: async (group: readonly Pick<Message, '_id' | 'counts_for'>[]): Promise<void> => {
      const holders = group.filter(({ counts_for }) => counts_for === undefined);
      if (holders.length > 0) await settle(holders.map(({ _id }) => ({ _id: `message:${_id}`, used: 0 })));
    },
  };
}
