import type { ConfirmationTimes } from '../../domain/subscriber/confirmation.js';
import type { Store } from '../mongo/connect.js';
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

    /** Rows of every account that are owed a look. */
    due: (before: Date): AsyncIterable<Confirmation> => rows.find({ sweep_at: { $ne: null, $lte: before } }),

    /** Looks again at `at`; a row that is over stays over. Atomic: one conditional update. */
    sweepAgain: async (id: number, at: Date): Promise<void> => {
      await rows.updateOne({ _id: id, sweep_at: { $ne: null } }, { $set: { sweep_at: at } });
    },
  };
}
