import type { Store } from '../mongo/connect.js';
import type { List } from './lists.js';
import type { NoticeStarts } from './started-notices.js';

/** A list with notifications, and the sequence number up to which its owner was notified. */
export type NotifyingList = List & { readonly notified_seq?: number; readonly notice_starts?: NoticeStarts };

export type ListNotices = ReturnType<typeof listNotices>;

export function listNotices({ db }: Store) {
  const rows = db.collection<NotifyingList>('lists');
  return {
    /** Lists with a notification that is turned on. */
    withNotifications: (): AsyncIterable<NotifyingList> =>
      rows.find({
        $or: [{ 'notifications.subscribe': true }, { 'notifications.unsubscribe': true }],
        deleting: { $exists: false },
      }),

    /**
     * Records that the owner was notified up to this sequence number. Atomic: one update, none if the settings have
     * changed meanwhile.
     */
    recordNotified: async ({ _id, account, notified_seq }: NotifyingList, sequence: number): Promise<void> => {
      const seen = notified_seq === undefined ? { notified_seq: { $exists: false } } : { notified_seq };
      await rows.updateOne({ _id, account, ...seen }, { $set: { notified_seq: sequence } });
    },
  };
}
