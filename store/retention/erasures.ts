import { now } from '../../clock.js';
import type { RowError } from '../../domain/import/row-reading.js';
import { toOrAbout } from '../messages/messages.js';
import type { Message } from '../messages/row.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { BATCH_SIZE, deleteMessages, FINAL } from './deletion.js';

/** A message that names an erased person and is to be forgotten as soon as it has come to its end. Says nothing of them. */
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

  /** What has come to its end; a mark goes after its message. */
  const settle = async (filter: { readonly account?: number }, published: object): Promise<void> => {
    for (let after = ''; ; ) {
      const found = await marks
        .find({ ...filter, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(BATCH_SIZE)
        .toArray();
      const ids = found.map(({ _id }) => _id);
      // Nobody is about to send them the same once more: their words need not lie here for a day.
      await deleteMessages(store, await messages.find({ _id: { $in: ids }, state: FINAL, ...published }).toArray(), {});
      const open = await messages.distinct('_id', { _id: { $in: ids } });
      await marks.deleteMany({ _id: { $in: ids.filter((id) => !open.includes(id)) } });
      if (found.length < BATCH_SIZE) return;
      after = ids.at(-1) ?? '';
    }
  };

  return {
    /** What messages and imports know of somebody. What waits for them is taken back before; what is on its way is marked. */
    erasePerson: async (account: number, emailKey: string): Promise<void> => {
      await mark(account, emailKey);
      await settle({ account }, {});
      const pattern = `^${emailKey.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
      const theirs = { value: { $regex: pattern, $options: 'i' } };
      await chunks.updateMany({ account, errors: { $elemMatch: theirs } }, { $pull: { errors: theirs } });
    },

    /** Messages that were on their way when somebody in them was erased, and have ended. */
    deleteErased: (): Promise<void> => settle({}, { sweep_at: null }),
  };
}
