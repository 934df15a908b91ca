import { now } from '../../clock.js';
import type { Store } from '../connect.js';
import { events } from '../events.js';
import { together } from '../transaction.js';
import type { Endpoint, EndpointReason } from './endpoints.js';

/** The end of an endpoint that wants no more, or that nothing reaches. */
export function switchingOff(store: Store) {
  const rows = store.db.collection<Endpoint>('endpoints');
  const river = events(store);
  return {
    /**
     * Switches it off and tells so, or neither; false where it was changed since it was read, so that nobody who has just
     * been given another URL is switched off for what the old one said. Atomic: one transaction.
     */
    switchOff: ({ _id, account, updated_at }: Endpoint, reason: EndpointReason): Promise<boolean> =>
      together(store, async (session) => {
        const off = { state: 'disabled' as const, reason, wake_at: null, busy_until: null, updated_at: now() };
        const asRead = { _id, account, state: 'enabled' as const, updated_at };
        const { matchedCount } = await rows.updateOne(asRead, { $set: off }, { session });
        if (matchedCount === 0) return false;
        const data = { webhook: _id, reason };
        const told = `webhook:${_id}:${updated_at.getTime()}:${reason}`;
        await river.append([{ _id: told, account, type: 'webhook.disabled', data }], now(), session);
        return true;
      }),
  };
}
