import type { WithId } from 'mongodb';
import { now } from '../../clock.js';
import { FINAL_STATES } from '../../domain/message/message.js';
import type { StoredContent } from '../messages/contents.js';
import type { Message } from '../messages/row.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { deleteCounted } from '../quotas/months.js';

export const FINAL = { $in: [...FINAL_STATES] };
export const BATCH_SIZE = 500;
const MAX_PER_RUN = 50_000;
const DAY = 86_400_000;
const CURSOR_ID = 'contents';

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
  const contentsOf = new Map(found.map((row) => [`${row.account}:content:${row.content}`, row]));
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
