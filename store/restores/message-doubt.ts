import type { Document, Filter } from 'mongodb';
import type { Message } from '../messages/row.js';
import { majorityCollection, type Store } from '../mongo/connect.js';

/** Messages of a restored database that may have been sent since the backup. */
export function messageDoubt(store: Store) {
  const rows = majorityCollection<Message>(store, 'messages');
  return {
    /** Messages in flight at the backup, and those that were due by `until`. */
    count: (until: Date): Promise<number> => rows.countDocuments(maybeSent(until)),

    /**
     * Makes them uncertain; the sweep publishes it. A message that is due later stays as it is: it cannot have been sent.
     * None is sent once more, also where its request allows that: the lost database may have done so. Atomic for each row.
     */
    record: async (until: Date): Promise<void> => {
      await rows.updateMany(maybeSent(until), [{ $set: UNCERTAIN }]);
    },
  };
}

function maybeSent(until: Date): Filter<Message> {
  return { $or: [{ state: 'sending' }, { state: { $in: ['accepted', 'deferred'] }, due: { $lte: until } }] };
}

const ENTRY = {
  n: { $cond: [{ $eq: ['$state', 'sending'] }, '$attempt', { $add: ['$attempt', 1] }] },
  at: { $dateToString: { date: '$$NOW' } },
  ...{ outcome: 'uncertain', class: 'restored', code: null, reply: null, next: null },
};

/** A token is what late evidence asks for. */
const UNCERTAIN: Document = {
  state: 'uncertain',
  attempts: { $concatArrays: ['$attempts', [ENTRY]] },
  token: { $ifNull: ['$token', { $concat: ['restored:', '$_id'] }] },
  sweep_at: '$$NOW',
  updated_at: '$$NOW',
};
