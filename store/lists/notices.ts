import type { EventLog } from '../events/event-log.js';
import type { Store } from '../mongo/connect.js';
import type { List, ListFields } from './lists.js';

/** The position in the event log at which each notification was turned on: it covers only later events. */
interface NoticeStarts {
  readonly subscribe?: number;
  readonly unsubscribe?: number;
}

/** A list with notifications, and the sequence number up to which its owner was notified. */
export type NotifyingList = List & { readonly notified_seq?: number; readonly notice_starts?: NoticeStarts };

/** The stored fields of the notifications that a change turns on; none if it turns none on. */
export async function startedNotices(
  log: Pick<EventLog, 'assignSequences'>,
  {
    account,
    notifications: before,
    notice_starts: known,
  }: Pick<NotifyingList, 'account' | 'notifications' | 'notice_starts'>,
  given: ListFields['notifications'] = {},
): Promise<Pick<NotifyingList, 'notified_seq' | 'notice_starts'>> {
  const started = (['subscribe', 'unsubscribe'] as const).filter((one) => given[one] === true && !before[one]);
  if (started.length === 0) return {};
  const head = await log.assignSequences(account);
  const notice_starts = { ...known, ...Object.fromEntries(started.map((one) => [one, head])) };
  const isFirst = !before.subscribe && !before.unsubscribe;
  return { notice_starts, ...(isFirst && { notified_seq: head }) };
}

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
