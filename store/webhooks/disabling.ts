import { now } from '../../clock.js';
import { events } from '../events/events.js';
import type { Store } from '../mongo/connect.js';
import { inTransaction } from '../mongo/transaction.js';
import type { Endpoint, EndpointReason } from './endpoints.js';

/** The end of an endpoint that wants no more, or that nothing reaches. */
export function disabling(store: Store) {
  const rows = store.db.collection<Endpoint>('endpoints');
  const eventLog = events(store);
  return {
    /**
     * Switches it off and tells so, or neither; false where it was changed since it was read, so that nobody who has just
     * been given another URL is switched off for what the old one said. Atomic: one transaction.
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
