import type { ConfirmationTimes } from '../domain/confirmation.js';
import { confirmationAnswers } from './confirmation/answer.js';
import { confirmationAsking } from './confirmation/asking.js';
import type { Confirmation } from './confirmation/row.js';
import type { Store } from './connect.js';

export type Confirmations = ReturnType<typeof confirmations>;

/** Requests to be put on lists that ask back: one row each, what is owed to it in `wake_at`. */
export function confirmations(store: Store, times?: ConfirmationTimes) {
  const rows = store.db.collection<Confirmation>('confirmations');
  return {
    ...confirmationAsking(store, times),
    ...confirmationAnswers(store),

    find: (account: number, id: number): Promise<Confirmation | null> => rows.findOne({ _id: id, account }),

    /** Rows of every account that are owed a look. */
    owed: (before: Date): AsyncIterable<Confirmation> => rows.find({ wake_at: { $ne: null, $lte: before } }),

    /** Looks again at `at`; a row that is over stays over. Atomic: one conditional update. */
    lookAgain: async (id: number, at: Date): Promise<void> => {
      await rows.updateOne({ _id: id, wake_at: { $ne: null } }, { $set: { wake_at: at } });
    },
  };
}
