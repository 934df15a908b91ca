import type { Filter } from 'mongodb';
import { now } from '../../clock.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import type { Endpoint } from './endpoints.js';

/** What some attempts in the order of their answers say about their endpoint. */
export interface FailureCounter {
  /** Failed attempts since the last good one among them. */
  readonly failures: number;
  /** Whether one was answered well. */
  readonly anyDelivered: boolean;
  readonly restUntil: Date | null;
}

export type EndpointProgress = ReturnType<typeof endpointProgress>;

/** How far an endpoint is, and who is owed a look at it. Fenced: a place that is written is never taken back. */
export function endpointProgress(store: Store) {
  const rows = majorityCollection<Endpoint>(store, 'endpoints');
  return {
    /** Says that somebody is at work on it until then. Null where it is off or gone. Atomic: one conditional update. */
    startPass: (account: number, id: number, until: Date): Promise<Endpoint | null> =>
      rows.findOneAndUpdate(
        { _id: id, account, state: 'enabled' },
        { $set: { leased_until: until, sweep_at: until } },
        { returnDocument: 'after' },
      ),

    /**
     * Says that all is done until `next`, unless something came up since `begin` (or an earlier answer of this) said `until`.
     * Answers whether it may rest. Atomic: one conditional update.
     */
    finishPass: async ({ _id, account }: Endpoint, until: Date, next: Date | null): Promise<boolean> => {
      const { matchedCount } = await rows.updateOne(
        { _id, account, sweep_at: until },
        { $set: { leased_until: null, sweep_at: next } },
      );
      return matchedCount === 1;
    },

    /**
     * Moves the place on, never back, and counts; what was answered does not count for an endpoint that was changed
     * since. Each update is atomic; repeating it may count a failure twice.
     */
    recordPass: async (
      { _id, account, updated_at }: Endpoint,
      cursor: number,
      counter: FailureCounter,
    ): Promise<void> => {
      const at = now();
      const { failures, anyDelivered, restUntil } = counter;
      const counted = anyDelivered
        ? { $set: { failures, failing_since: failures > 0 ? at : null, last_delivered_at: at } }
        : { $inc: { failures } };
      const same = { _id, account, updated_at };
      await rows.updateOne({ _id, account }, { $max: { cursor } });
      await rows.updateOne(same, counted);
      if (failures > 0) await rows.updateOne({ ...same, failing_since: null }, { $set: { failing_since: at } });
      if (restUntil !== null) await rows.updateOne(same, { $max: { rest_until: restUntil } });
    },

    /** Whether its owner has changed it since it was read, or taken it away. */
    hasChanged: async ({ _id, account, updated_at }: Endpoint): Promise<boolean> =>
      (await rows.findOne({ _id, account, updated_at }, { projection: { _id: 1 } })) === null,

    /** Endpoints that are owed a look and that nobody is at work on, of one account or of all. */
    due: (account?: number): Promise<Endpoint[]> =>
      rows
        .find({ ...dueNow(), ...(account !== undefined && { account }) })
        .sort({ sweep_at: 1 })
        .limit(BATCH_SIZE)
        .toArray(),

    /** Something is owed to it from now on. Atomic: one update. */
    scheduleSweep: async ({ _id, account }: Pick<Endpoint, '_id' | 'account'>): Promise<void> => {
      await rows.updateOne({ _id, account, state: 'enabled' }, { $set: { sweep_at: now() } });
    },

    /** Whoever moves the row's time has its turn; the others need not wake it. Null: somebody else has. Atomic: one CAS. */
    claimSweep: async ({ _id, account, sweep_at }: Endpoint, next: Date): Promise<Endpoint | null> =>
      rows.findOneAndUpdate(
        { ...dueNow(), _id, account, sweep_at },
        { $set: { sweep_at: next } },
        { returnDocument: 'after' },
      ),

    /** Nothing in the river up to there is for it. Atomic: one CAS, none where something came up meanwhile. */
    skipTo: async ({ _id, account, sweep_at }: Endpoint, cursor: number, next: Date | null): Promise<void> => {
      await rows.updateOne({ ...idle(), _id, account, sweep_at }, { $max: { cursor }, $set: { sweep_at: next } });
    },
  };
}

const BATCH_SIZE = 500;

function dueNow(): Filter<Endpoint> {
  return { ...idle(), sweep_at: { $lte: now() } };
}

/** Nobody is at work on it. */
function idle(): Filter<Endpoint> {
  return { state: 'enabled', $or: [{ leased_until: null }, { leased_until: { $lte: now() } }] };
}
