import type { Store } from './connect.js';
import type { List } from './lists.js';

/** A list whose owner wants to hear of its people, and up to which place of the river that was told. */
export type WatchedList = List & { readonly noticed?: number };

export type ListNotices = ReturnType<typeof listNotices>;

export function listNotices({ db }: Store) {
  const rows = db.collection<WatchedList>('lists');
  return {
    /** Lists with a notification that is turned on. */
    wanted: (): AsyncIterable<WatchedList> =>
      rows.find({
        $or: [{ 'notifications.subscribe': true }, { 'notifications.unsubscribe': true }],
        deleting: { $exists: false },
      }),

    /** Everything up to that place was told. Atomic: one update, none where the settings were changed meanwhile. */
    told: async ({ _id, account, noticed }: WatchedList, place: number): Promise<void> => {
      const seen = noticed === undefined ? { noticed: { $exists: false } } : { noticed };
      await rows.updateOne({ _id, account, ...seen }, { $set: { noticed: place } });
    },
  };
}
