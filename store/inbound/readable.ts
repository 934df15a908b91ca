import type { Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { majorityCollection } from '../mongo/connect.js';
import { newestFirst } from '../mongo/newest-first.js';
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
      const filter = { account, kind: 'mail', readable_until: { $gt: now() } } as Filter<InboundRow>;
      const { found, next } = await newestFirst(rows, filter, 'received_at', { after, limit });
      return { found: found.flatMap(readableIn), next };
    },
  };
}

function readableIn(row: InboundRow): ReadableMail[] {
  if (row.kind !== 'mail' || row.raw === undefined || row.readable_until === undefined) return [];
  const { _id, to, received_at, readable_until, raw, verdict } = row;
  return [{ _id, to, received_at, readable_until, raw: raw.buffer, verdict: verdict ?? 'unparsed' }];
}
