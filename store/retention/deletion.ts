import type { WithId } from 'mongodb';
import { now } from '../../clock.js';
import type { RowError } from '../../domain/import/row-reading.js';
import { FINAL_STATES } from '../../domain/message/message.js';
import type { StoredContent } from '../messages/contents.js';
import { toOrAbout } from '../messages/messages.js';
import type { Message } from '../messages/row.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { deleteCounted } from '../quotas/months.js';

export const FINAL = { $in: [...FINAL_STATES] };
export const BATCH_SIZE = 500;
const MAX_PER_RUN = 50_000;
const DAY = 86_400_000;
const CURSOR_ID = 'contents';
/** Errors that show the beginning of a row instead of a cell. */
const UNREAD: RowError['reason'][] = ['unclosed_quote', 'row_too_long'];

/** A file named within the last day may belong to a message that is being accepted; a row without a date counts as old. */
export function notRecentlyReferenced() {
  return { referenced_at: { $not: { $gte: new Date(now().getTime() - DAY) } } };
}

/** Deletes the rows first: a content is deleted once no message refers to it. */
export async function deleteMessages(store: Store, found: readonly Message[], unnamed: object): Promise<void> {
  const messages = majorityCollection<Message>(store, 'messages');
  const contents = majorityCollection<StoredContent>(store, 'contents');
  if (found.length === 0) return;
  const ids = found.map(({ _id }) => _id);
  await deleteCounted(store, ids);
  const stored = found.flatMap(({ account, content }) => (content === undefined ? [] : [{ account, content }]));
  const contentsOf = new Map(stored.map((row) => [`${row.account}:content:${row.content}`, row]));
  for (const [_id, { account, content }] of contentsOf) {
    const stillReferenced = await messages.countDocuments({ account, content }, { limit: 1 });
    if (stillReferenced === 0) await contents.deleteOne({ _id, account, ...unnamed });
  }
}

export function unreferencedContents(store: Store) {
  const contents = majorityCollection<StoredContent>(store, 'contents');
  const cursors = store.db.collection<{ _id: string; after: string }>('nightly_runs');
  return {
    /**
     * Deletes contents without a message, which a crash between the two writes leaves. Checks a limited number per nightly run, in
     * order of `_id`; the next run continues after them and starts again after the last.
     */
    deleteUnreferencedContents: async (most = MAX_PER_RUN): Promise<void> => {
      const cursor = await cursors.findOne({ _id: CURSOR_ID });
      let after = cursor?.after ?? '';
      for (let seen = 0; seen < most; ) {
        const limit = Math.min(BATCH_SIZE, most - seen);
        const old = { _id: { $gt: after, $regex: /:content:/ }, ...notRecentlyReferenced() };
        const found = await contents
          .find(old)
          .project<WithId<StoredContent>>({ account: 1 })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray();
        await deleteUnreferenced(store, found);
        seen += found.length;
        after = found.length < limit ? '' : (found.at(-1)?._id ?? '');
        if (after === '') break;
      }
      await cursors.updateOne({ _id: CURSOR_ID }, { $set: { after } }, { upsert: true });
    },
  };
}

async function deleteUnreferenced(
  store: Store,
  found: readonly Pick<StoredContent, '_id' | 'account'>[],
): Promise<void> {
  const messages = majorityCollection<Message>(store, 'messages');
  const contents = majorityCollection<StoredContent>(store, 'contents');
  for (const account of new Set(found.map((row) => row.account))) {
    const theirs = found.filter((row) => row.account === account).map(({ _id }) => _id);
    const referenced = await messages.distinct('content', { account, content: { $in: theirs.map(hashOf) } });
    const unreferenced = theirs.filter((id) => !referenced.includes(hashOf(id)));
    await contents.deleteMany({ _id: { $in: unreferenced }, account, ...notRecentlyReferenced() });
  }
}

function hashOf(id: string): string {
  return id.split(':').at(-1) ?? '';
}

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
  const rows = store.db.collection<{ account: number; file: { sample: { email: string }[] } }>('imports');

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
      await rows.updateMany(
        { account, 'file.sample.email': theirs.value },
        { $pull: { 'file.sample': { email: theirs.value } } },
      );
      // The beginning of a row that could not be read may contain the address.
      const unread = { reason: { $in: UNREAD }, value: { $regex: pattern.slice(1, -1), $options: 'i' } };
      await chunks.updateMany({ account, errors: { $elemMatch: unread } }, { $pull: { errors: unread } });
      await chunks.updateMany({ account, errors: { $elemMatch: theirs } }, { $pull: { errors: theirs } });
    },

    /** Deletes marked messages that have ended. */
    deleteErased: (): Promise<void> => settle({}, { sweep_at: null }),
  };
}
