import type { ConfirmationTimes } from '../../domain/subscriber/confirmation.js';
import type { Store } from '../mongo/connect.js';
import { dueRows, moveSweep } from '../mongo/lease.js';
import { confirming } from './confirming.js';
import { confirmationRequests } from './requests.js';
import type { Confirmation } from './row.js';

export type Confirmations = ReturnType<typeof confirmations>;

/** Requests to join lists with double opt-in: one row each, with the time of the next check in `sweep_at`. */
export function confirmations(store: Store, times?: ConfirmationTimes) {
  const rows = store.db.collection<Confirmation>('confirmations');
  return {
    ...confirmationRequests(store, times),
    ...confirming(store),

    find: (account: number, id: number): Promise<Confirmation | null> => rows.findOne({ _id: id, account }),

    /** Requests of all accounts whose workflow must be checked, the longest due first. */
    due: (before: Date): AsyncIterable<Confirmation> => dueRows(rows, before),

    /** Sets the next check; an ended request stays ended. */
    sweepAgain: (id: number, at: Date): Promise<boolean> => moveSweep(rows, { _id: id, sweep_at: { $ne: null } }, at),
  };
}
