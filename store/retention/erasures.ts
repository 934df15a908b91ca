import { now } from '../../clock.js';
import type { RowError } from '../../domain/import/row-reading.js';
import { toOrAbout } from '../messages/messages.js';
import type { Message } from '../messages/row.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { BATCH_SIZE, deleteMessages, FINAL } from './deletion.js';

/** Marks a message to an erased person for deletion as soon as it has ended. Contains no personal data. */
interface Erasure {
  /** The message's id. */
  readonly _id: string;
  readonly account: number;
  readonly at: Date;
}

export function erasures(store: Store) {
  const messages = majorityCollection<Message>(store, 'messages');
  const marks = store.db.collection<Erasure>('erasures');
  const chunks = store.db.collection<{ account: number; errors: RowError[] }>('import_errors');

  /** All messages of a request share one content, which names its recipient and the copies. */
  const mark = async (account: number, emailKey: string): Promise<void> => {
    const groupQueries = toOrAbout(account, emailKey).map((some) => messages.distinct('group', some));
    const groups = [...new Set((await Promise.all(groupQueries)).flat())];
    for (let from = 0; from < groups.length; from += BATCH_SIZE) {
      const group = { $in: groups.slice(from, from + BATCH_SIZE) };
      const rows = await messages.find({ account, group }).project<{ _id: string }>({ _id: 1 }).toArray();
      const upserts = rows.map(({ _id }) => {
        const update = { $setOnInsert: { account, at: now() } };
        return { updateOne: { filter: { _id }, update, upsert: true } };
      });
      if (upserts.length > 0) await marks.bulkWrite(upserts, { ordered: false });
    }
  };

  /** Deletes ended messages; a mark is deleted after its message. */
  const settle = async (filter: { readonly account?: number }, published: object): Promise<void> => {
    for (let after = ''; ; ) {
      const found = await marks
        .find({ ...filter, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(BATCH_SIZE)
        .toArray();
      const ids = found.map(({ _id }) => _id);
      // Messages to an erased person are not repeated: their contents need not be kept for a day.
      await deleteMessages(store, await messages.find({ _id: { $in: ids }, state: FINAL, ...published }).toArray(), {});
      const open = await messages.distinct('_id', { _id: { $in: ids } });
      await marks.deleteMany({ _id: { $in: ids.filter((id) => !open.includes(id)) } });
      if (found.length < BATCH_SIZE) return;
      after = ids.at(-1) ?? '';
    }
  };

  return {
    /** Erases a person from messages and imports. Waiting messages are cancelled first; those in progress are marked. */
    erasePerson: async (account: number, emailKey: string): Promise<void> => {
      await mark(account, emailKey);
      await settle({ account }, {});
      const pattern = `^${emailKey.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
      const theirs = { value: { $regex: pattern, $options: 'i' } };
      await chunks.updateMany({ account, errors: { $elemMatch: theirs } }, { $pull: { errors: theirs } });
    },

    /** Deletes marked messages that have ended. */
    deleteErased: (): Promise<void> => settle({}, { sweep_at: null }),
  };
}
