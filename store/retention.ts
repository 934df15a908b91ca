import type { Collection } from 'mongodb';
import { now } from '../clock.js';
import { leastIdAt, nextNight } from '../domain/retention.js';
import { blobs } from './blobs.js';
import { fenced, type Store } from './connect.js';
import type { KeptContent } from './contents.js';
import { erasures } from './erasures.js';
import type { StoredEvent } from './events.js';
import { AT_ONCE, FINAL, forgetRows, notLately, unsaidContents } from './forgetting.js';
import type { Message } from './messages-row.js';

/** Places of the river that are forgotten in one delete. */
const PLACES_AT_ONCE = 5_000;
const HOUR = 3_600_000;
const NIGHTLY = 'nightly';

export type Retention = ReturnType<typeof retention>;

/** Forgetting: what is too old, and who asks for it. Every step may be repeated; what a crash leaves, the next night takes. */
export function retention(store: Store) {
  const old = { ...oldEvents(store), ...oldMessages(store), ...unsaidContents(store), ...oldFiles(store) };
  return { ...nights(store), ...old, ...erasures(store) };
}

function nights({ db }: Store) {
  const rows = db.collection<{ _id: string; due: Date }>('nights');
  return {
    /** Whether the night's work is due; whoever is told so does it. It is due again in an hour, unless it is `over`. Atomic. */
    begins: async (): Promise<boolean> => {
      const at = now();
      await rows.updateOne({ _id: NIGHTLY }, { $setOnInsert: { due: nextNight(at) } }, { upsert: true });
      const again = { $set: { due: new Date(at.getTime() + HOUR) } };
      return (await rows.updateOne({ _id: NIGHTLY, due: { $lte: at } }, again)).modifiedCount === 1;
    },

    /** There is more to do: due again at once. */
    goesOn: async (): Promise<void> => {
      await rows.updateOne({ _id: NIGHTLY }, { $set: { due: now() } });
    },

    over: async (): Promise<void> => {
      await rows.updateOne({ _id: NIGHTLY }, { $set: { due: nextNight(now()) } });
    },
  };
}

function oldEvents(store: Store) {
  const events = fenced<StoredEvent>(store, 'events');
  return {
    /** Events from before that moment, in the order of the river, so that readers are told how many they have missed. False: more is left. */
    forgetEvents: async (before: Date, mayGoOn: () => boolean): Promise<boolean> => {
      for (const account of await events.distinct('account', { at: { $lt: before } })) {
        const young = { account, seq: { $exists: true }, at: { $gte: before } };
        const kept = await events.findOne(young, { sort: { seq: 1 }, projection: { seq: 1 } });
        const end = kept?.seq ?? Number.POSITIVE_INFINITY;
        for (;;) {
          const old = { account, at: { $lt: before }, seq: { $exists: true, $lt: end } };
          const first = await events.findOne(old, { sort: { seq: 1 }, projection: { seq: 1 } });
          if (first?.seq === undefined) break;
          await events.deleteMany({ ...old, seq: { $lt: Math.min(end, first.seq + PLACES_AT_ONCE) } });
          if (!mayGoOn()) return false;
        }
      }
      return true;
    },
  };
}

function oldMessages(store: Store) {
  const messages = fenced<Message>(store, 'messages');
  return {
    /** Messages that came to their end and were accepted before that moment, with what they said. False: more is left. */
    forgetMessages: async (before: Date, mayGoOn: () => boolean): Promise<boolean> => {
      for (;;) {
        const over = { _id: { $lt: leastIdAt(before) }, created_at: { $lt: before }, wake_at: null, state: FINAL };
        const found = await messages.find(over).limit(AT_ONCE).toArray();
        await forgetRows(store, found, notLately());
        if (found.length < AT_ONCE) return true;
        if (!mayGoOn()) return false;
      }
    },
  };
}

function oldFiles(store: Store) {
  const contents = fenced<KeptContent>(store, 'contents');
  return {
    /** Files that no content names any more. Reads the contents of accounts with files once. */
    forgetFiles: async (): Promise<void> => {
      const old = { _id: /:file:/, ...notLately() };
      for (const account of await contents.distinct('account', old)) {
        const named = await filesNamed(contents, account);
        for await (const { _id, blob } of contents.find({ ...old, account })) {
          if (named.has(_id.split(':').at(-1) ?? '')) continue;
          const { deletedCount } = await contents.deleteOne({ _id, account, ...notLately() });
          if (deletedCount === 1 && blob !== undefined) await blobs(store).remove(account, blob);
        }
      }
    },
  };
}

/** SHA-256 of every file that a content of the account names. */
async function filesNamed(contents: Collection<KeptContent>, account: number): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  const all = contents.find({ _id: { $gte: `${account}:content:`, $lt: `${account}:content;` }, account });
  for await (const { json = '' } of all) {
    for (const [, sha256 = ''] of json.matchAll(/"sha256":"([0-9a-f]{64})"/g)) named.add(sha256);
  }
  return named;
}
