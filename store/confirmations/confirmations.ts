import type { ConfirmationTimes } from '../../domain/subscriber/confirmation.js';
import type { Store } from '../mongo/connect.js';
import { dueRows, moveSweep } from '../mongo/lease.js';
import { confirming } from './confirming.js';
import { confirmationRequests } from './requests.js';
import type { Confirmation } from './row.js';

export type Confirmations = ReturnType<typeof confirmations>;

/** Requests to be put on lists that ask back: one row each, what is owed to it in `sweep_at`. */
export function confirmations(store: Store, times?: ConfirmationTimes) {
  const rows = store.db.collection<Confirmation>('confirmations');
  return {
    ...confirmationRequests(store, times),
    ...confirming(store),

    find: (account: number, id: number): Promise<Confirmation | null> => rows.findOne({ _id: id, account }),

    /** Requests of every account whose workflow is to be checked, the longest due first. */
    due: (before: Date): AsyncIterable<Confirmation> => dueRows(rows, before),

    /** Checks again at `at`; a request that is over stays over. */
    sweepAgain: (id: number, at: Date): Promise<boolean> => moveSweep(rows, { _id: id, sweep_at: { $ne: null } }, at),
  };
}
