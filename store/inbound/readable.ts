import type { Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { majorityCollection } from '../mongo/connect.js';
import type { InboundMailRow, InboundRow } from './row.js';

/** An inbound mail that led to no evidence, while operators can read it. */
export interface ReadableMail extends Pick<InboundMailRow, '_id' | 'to' | 'received_at'> {
  readonly verdict: string;
  readonly readable_until: Date;
  readonly raw: Uint8Array;
}

/** Mail of an account that was not understood. */
export function readableMail(rows: ReturnType<typeof majorityCollection<InboundRow>>) {
  return {
    /** Newest first; `next` if there are more. */
    readable: async (account: number, after: string | undefined, limit: number) => {
      const filter: Filter<InboundRow> = {
        account,
        kind: 'mail',
        readable_until: { $gt: now() },
        ...(after !== undefined && olderThan(after)),
      };
      const found = await rows
        .find(filter as never)
        .sort({ received_at: -1, _id: -1 })
        .limit(limit + 1)
        .toArray();
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const next = found.length > limit && last ? `${last.received_at.getTime()}.${last._id}` : undefined;
      return { found: shown.flatMap(readableIn), next };
    },
  };
}

function olderThan(after: string): Filter<InboundRow> {
  const [ms = '', id = ''] = after.split('.');
  const received_at = new Date(Number(ms));
  return { $or: [{ received_at: { $lt: received_at } }, { received_at, _id: { $lt: id } }] };
}

function readableIn(row: InboundRow): ReadableMail[] {
  if (row.kind !== 'mail' || row.raw === undefined || row.readable_until === undefined) return [];
  const { _id, to, received_at, readable_until, raw, verdict } = row;
  return [{ _id, to, received_at, readable_until, raw: raw.buffer, verdict: verdict ?? 'unparsed' }];
}
