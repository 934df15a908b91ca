import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { StoredEvent } from '../events/events.js';
import type { StoredContent } from '../messages/contents.js';
import type { Message } from '../messages/row.js';
import { blobs } from '../mongo/blobs.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import {
  BATCH_SIZE,
  deleteMessages,
  erasures,
  FINAL,
  notRecentlyReferenced,
  unreferencedContents,
} from './deletion.js';

/** Sequence numbers deleted at a time. */
const EVENTS_PER_DELETE = 5_000;
const HOUR = 3_600_000;
const NIGHTLY = 'nightly';

export type Retention = ReturnType<typeof retention>;

/** Deletes old rows and erases persons. Every step is idempotent; a crash leaves its rest to the next run. */
export function retention(store: Store) {
  const old = { ...oldEvents(store), ...oldMessages(store), ...unreferencedContents(store), ...oldFiles(store) };
  return { ...nightlyRuns(store), ...old, ...erasures(store) };
}

function nightlyRuns({ db }: Store) {
  const rows = db.collection<{ _id: string; due: Date }>('nightly_runs');
  return {
    /** Whether the nightly run is due; the caller that gets true runs it. Due again in an hour, unless it is `over`. Atomic. */
    claimNightlyRun: async (): Promise<boolean> => {
      const at = now();
      await rows.updateOne({ _id: NIGHTLY }, { $setOnInsert: { due: nextNightlyRun(at) } }, { upsert: true });
      const again = { $set: { due: new Date(at.getTime() + HOUR) } };
      return (await rows.updateOne({ _id: NIGHTLY, due: { $lte: at } }, again)).modifiedCount === 1;
    },

    /** More remains: due again at once. */
    continueNightlyRun: async (): Promise<void> => {
      await rows.updateOne({ _id: NIGHTLY }, { $set: { due: now() } });
    },

    finishNightlyRun: async (): Promise<void> => {
      await rows.updateOne({ _id: NIGHTLY }, { $set: { due: nextNightlyRun(now()) } });
    },
  };
}

function oldEvents(store: Store) {
  const events = majorityCollection<StoredEvent>(store, 'events');
  return {
    /** Deletes events older than `before` in log order, so that readers learn how many they missed. False: more remain. */
    deleteOldEvents: async (before: Date, hasTime: () => boolean): Promise<boolean> => {
      for (const account of await events.distinct('account', { at: { $lt: before } })) {
        const young = { account, seq: { $exists: true }, at: { $gte: before } };
        const kept = await events.findOne(young, { sort: { seq: 1 }, projection: { seq: 1 } });
        const end = kept?.seq ?? Number.POSITIVE_INFINITY;
        for (;;) {
          const old = { account, at: { $lt: before }, seq: { $exists: true, $lt: end } };
          const first = await events.findOne(old, { sort: { seq: 1 }, projection: { seq: 1 } });
          if (first?.seq === undefined) break;
          await events.deleteMany({ ...old, seq: { $lt: Math.min(end, first.seq + EVENTS_PER_DELETE) } });
          if (!hasTime()) return false;
        }
      }
      return true;
    },
  };
}

function oldMessages(store: Store) {
  const messages = majorityCollection<Message>(store, 'messages');
  return {
    /** Deletes messages that ended and were accepted before that time, with their contents. False: more remain. */
    deleteOldMessages: async (before: Date, hasTime: () => boolean): Promise<boolean> => {
      for (;;) {
        const over = { _id: { $lt: leastIdAt(before) }, created_at: { $lt: before }, sweep_at: null, state: FINAL };
        const found = await messages.find(over).limit(BATCH_SIZE).toArray();
        await deleteMessages(store, found, notRecentlyReferenced());
        if (found.length < BATCH_SIZE) return true;
        if (!hasTime()) return false;
      }
    },
  };
}

function oldFiles(store: Store) {
  const contents = majorityCollection<StoredContent>(store, 'contents');
  return {
    /** Deletes files that no content refers to. Reads the contents of accounts with files once. */
    deleteUnreferencedFiles: async (): Promise<void> => {
      const old = { _id: /:file:/, ...notRecentlyReferenced() };
      for (const account of await contents.distinct('account', old)) {
        const referenced = await referencedFiles(contents, account);
        for await (const { _id, blob } of contents.find({ ...old, account })) {
          if (referenced.has(_id.split(':').at(-1) ?? '')) continue;
          const { deletedCount } = await contents.deleteOne({ _id, account, ...notRecentlyReferenced() });
          if (deletedCount === 1 && blob !== undefined) await blobs(store).remove(account, blob);
        }
      }
    },
  };
}

/** SHA-256 of every file that the account's contents refer to. */
async function referencedFiles(contents: Collection<StoredContent>, account: number): Promise<ReadonlySet<string>> {
  const referenced = new Set<string>();
  const all = contents.find({ _id: { $gte: `${account}:content:`, $lt: `${account}:content;` }, account });
  for await (const { json = '' } of all) {
    for (const [, sha256 = ''] of json.matchAll(/"sha256":"([0-9a-f]{64})"/g)) referenced.add(sha256);
  }
  return referenced;
}

const NIGHTLY_HOUR = 3;

/** When the next nightly run is due: 03:00 UTC. */
function nextNightlyRun(after: Date): Date {
  const run = new Date(after);
  run.setUTCHours(NIGHTLY_HOUR, 0, 0, 0);
  if (run <= after) run.setUTCDate(run.getUTCDate() + 1);
  return run;
}

/** The lowest possible id (UUID v7) of a row created at this time: ids are ordered by time. */
function leastIdAt(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
