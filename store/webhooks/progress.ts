import type { Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import { events } from '../events/events.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { inTransaction } from '../mongo/transaction.js';
import type { Endpoint, EndpointReason } from './row.js';

/** Outcomes of some attempts, in the order of the responses. */
export interface FailureCounts {
  /** Failed attempts since the last successful one. */
  readonly failures: number;
  /** Whether any attempt succeeded. */
  readonly anyDelivered: boolean;
  readonly restUntil: Date | null;
}

/** Cursor, failures, lease and sweep time of an endpoint. The cursor never moves back. */
export function endpointProgress(store: Store) {
  const rows = majorityCollection<Endpoint>(store, 'endpoints');
  return { ...passes(rows), ...endpointSweep(rows), ...disabling(store) };
}

function passes(rows: Collection<Endpoint>) {
  return {
    /** Takes the lease until `until`. Null where the endpoint is disabled or deleted. Atomic: one conditional update. */
    startPass: (account: number, id: number, until: Date): Promise<Endpoint | null> =>
      rows.findOneAndUpdate(
        { _id: id, account, state: 'enabled' },
        { $set: { leased_until: until, sweep_at: until } },
        { returnDocument: 'after' },
      ),

    /**
     * Releases the lease and sets the next sweep to `next`. False where an event or a change moved the sweep time since `startPass`
     * set it to `until`: the caller must run another pass. Atomic: one conditional update.
     */
    finishPass: async ({ _id, account }: Endpoint, until: Date, next: Date | null): Promise<boolean> => {
      const { matchedCount } = await rows.updateOne(
        { _id, account, sweep_at: until },
        { $set: { leased_until: null, sweep_at: next } },
      );
      return matchedCount === 1;
    },

    /**
     * Moves the cursor forward and adds the counts; counts for an endpoint that was changed since it was read are dropped. Each
     * update is atomic; a repetition may count a failure twice.
     */
    recordPass: async (
      { _id, account, updated_at }: Endpoint,
      cursor: number,
      counts: FailureCounts,
    ): Promise<void> => {
      const at = now();
      const { failures, anyDelivered, restUntil } = counts;
      const counted = anyDelivered
        ? { $set: { failures, failing_since: failures > 0 ? at : null, last_delivered_at: at } }
        : { $inc: { failures } };
      const same = { _id, account, updated_at };
      await rows.updateOne({ _id, account }, { $max: { cursor } });
      await rows.updateOne(same, counted);
      if (failures > 0) await rows.updateOne({ ...same, failing_since: null }, { $set: { failing_since: at } });
      if (restUntil !== null) await rows.updateOne(same, { $max: { rest_until: restUntil } });
    },

    /** Whether the endpoint was changed or deleted since it was read. */
    hasChanged: async ({ _id, account, updated_at }: Endpoint): Promise<boolean> =>
      (await rows.findOne({ _id, account, updated_at }, { projection: { _id: 1 } })) === null,
  };
}

function endpointSweep(rows: Collection<Endpoint>) {
  return {
    /** Endpoints whose sweep time has come and that no pass holds, of one account or of all. */
    due: (account?: number): Promise<Endpoint[]> =>
      rows
        .find({ ...dueNow(), ...(account !== undefined && { account }) })
        .sort({ sweep_at: 1 })
        .limit(BATCH_SIZE)
        .toArray(),

    /** Makes the endpoint due now. Atomic: one update. */
    scheduleSweep: async ({ _id, account }: Pick<Endpoint, '_id' | 'account'>): Promise<void> => {
      await rows.updateOne({ _id, account, state: 'enabled' }, { $set: { sweep_at: now() } });
    },

    /** Moves the sweep time; the caller that succeeds notifies the endpoint. Null: another process was first. Atomic: one compare-and-set. */
    claimSweep: async ({ _id, account, sweep_at }: Endpoint, next: Date): Promise<Endpoint | null> =>
      rows.findOneAndUpdate(
        { ...dueNow(), _id, account, sweep_at },
        { $set: { sweep_at: next } },
        { returnDocument: 'after' },
      ),

    /** No event up to `cursor` is for this endpoint. Changes nothing where the sweep time has moved meanwhile. Atomic: one compare-and-set. */
    skipTo: async ({ _id, account, sweep_at }: Endpoint, cursor: number, next: Date | null): Promise<void> => {
      await rows.updateOne({ ...idle(), _id, account, sweep_at }, { $max: { cursor }, $set: { sweep_at: next } });
    },
  };
}

function disabling(store: Store) {
  // Transactions run on the store's main client, not on that of `majorityCollection`.
  const rows = store.db.collection<Endpoint>('endpoints');
  const eventLog = events(store);
  return {
    /**
     * Disables the endpoint and appends `webhook.disabled`. False where the endpoint was changed since it was read: responses of
     * the old URL do not disable the new one. Atomic: one transaction.
     */
    disable: ({ _id, account, updated_at }: Endpoint, reason: EndpointReason): Promise<boolean> =>
      inTransaction(store, async (session) => {
        const off = { state: 'disabled' as const, reason, sweep_at: null, leased_until: null, updated_at: now() };
        const asRead = { _id, account, state: 'enabled' as const, updated_at };
        const { matchedCount } = await rows.updateOne(asRead, { $set: off }, { session });
        if (matchedCount === 0) return false;
        const data = { webhook: _id, reason };
        const eventId = `webhook:${_id}:${updated_at.getTime()}:${reason}`;
        await eventLog.append([{ _id: eventId, account, type: 'webhook.disabled', data }], now(), session);
        return true;
      }),
  };
}

/** Endpoints of one sweep. */
const BATCH_SIZE = 500;

function dueNow(): Filter<Endpoint> {
  return { ...idle(), sweep_at: { $lte: now() } };
}

/** No pass holds the lease. */
function idle(): Filter<Endpoint> {
  return { state: 'enabled', $or: [{ leased_until: null }, { leased_until: { $lte: now() } }] };
}
