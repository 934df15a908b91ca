import type { WithId } from 'mongodb';
import { now } from '../clock.js';
import { FINAL_STATES } from '../domain/message.js';
import { fenced, type Store } from './connect.js';
import type { KeptContent } from './contents.js';
import type { Message } from './messages-row.js';
import { forgetCounted } from './quota/months.js';

export const FINAL = { $in: [...FINAL_STATES] };
export const AT_ONCE = 500;
const MOST_A_NIGHT = 50_000;
const DAY = 86_400_000;
const PLACE = 'contents';

/** What was named within a day may belong to a message that is being accepted; what does not say when it was named is old. */
export function notLately() {
  return { named_at: { $not: { $gte: new Date(now().getTime() - DAY) } } };
}

/** The rows first: a content goes when no message says it any more, and stays where it is named meanwhile. */
export async function forgetRows(store: Store, found: readonly Message[], unnamed: object): Promise<void> {
  const messages = fenced<Message>(store, 'messages');
  const contents = fenced<KeptContent>(store, 'contents');
  if (found.length === 0) return;
  const ids = found.map(({ _id }) => _id);
  await forgetCounted(store, ids);
  const said = new Map(found.map((row) => [`${row.account}:content:${row.content}`, row]));
  for (const [_id, { account, content }] of said) {
    const saidStill = await messages.countDocuments({ account, content }, { limit: 1 });
    if (saidStill === 0) await contents.deleteOne({ _id, account, ...unnamed });
  }
}

export function unsaidContents(store: Store) {
  const contents = fenced<KeptContent>(store, 'contents');
  const places = store.db.collection<{ _id: string; after: string }>('nights');
  return {
    /**
     * Contents that no message says: a crash between rows and content leaves them. Looks at so many a night, in the order
     * of `_id`; the next night goes on behind them, and begins again after the last.
     */
    forgetContents: async (most = MOST_A_NIGHT): Promise<void> => {
      const place = await places.findOne({ _id: PLACE });
      let after = place?.after ?? '';
      for (let seen = 0; seen < most; ) {
        const limit = Math.min(AT_ONCE, most - seen);
        const old = { _id: { $gt: after, $regex: /:content:/ }, ...notLately() };
        const found = await contents
          .find(old)
          .project<WithId<KeptContent>>({ account: 1 })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray();
        await forgetUnsaid(store, found);
        seen += found.length;
        after = found.length < limit ? '' : (found.at(-1)?._id ?? '');
        if (after === '') break;
      }
      await places.updateOne({ _id: PLACE }, { $set: { after } }, { upsert: true });
    },
  };
}

async function forgetUnsaid(store: Store, found: readonly Pick<KeptContent, '_id' | 'account'>[]): Promise<void> {
  const messages = fenced<Message>(store, 'messages');
  const contents = fenced<KeptContent>(store, 'contents');
  for (const account of new Set(found.map((row) => row.account))) {
    const theirs = found.filter((row) => row.account === account).map(({ _id }) => _id);
    const said = await messages.distinct('content', { account, content: { $in: theirs.map(hashOf) } });
    const unsaid = theirs.filter((id) => !said.includes(hashOf(id)));
    await contents.deleteMany({ _id: { $in: unsaid }, account, ...notLately() });
  }
}

function hashOf(id: string): string {
  return id.split(':').at(-1) ?? '';
}
