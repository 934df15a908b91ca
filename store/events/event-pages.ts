import type { Collection, Filter } from 'mongodb';
import type { SequencedEvent, StoredEvent } from './events.js';

export interface EventQuery {
  readonly types?: readonly string[];
  readonly campaign?: number;
  readonly subscriber?: number;
  readonly message?: string;
  /** One person: events of these subscribers or these messages. */
  readonly about?: { readonly subscribers: readonly number[]; readonly messages: readonly string[] };
  readonly from?: Date;
  readonly to?: Date;
  /** Only events beyond this sequence number, in the requested direction. */
  readonly after?: number;
  readonly descending?: boolean;
  readonly limit: number;
}

/** Events in order, up to the sequence number `head`. */
export async function readEvents(
  events: Collection<StoredEvent>,
  account: number,
  query: EventQuery,
  head: number,
): Promise<SequencedEvent[]> {
  const order = query.descending === true ? -1 : 1;
  const filter = matching(account, query, head);
  const { about, limit } = query;
  if (about === undefined) {
    return (await events.find(filter).sort({ seq: order }).limit(limit).toArray()) as SequencedEvent[];
  }
  // Each by its own index: that of all events of the account is in this order too, and has no end.
  const halves: readonly (readonly [Filter<StoredEvent>, Record<string, 1>])[] = [
    [{ subscriber: { $in: [...about.subscribers] } }, { subscriber: 1, seq: 1 }],
    [{ 'data.message': { $in: [...about.messages] } }, { 'data.message': 1, seq: 1 }],
  ];
  const found = await Promise.all(
    halves.map(([half, hint]) =>
      events
        .find({ $and: [filter, half] }, { hint })
        .sort({ seq: order })
        .limit(limit)
        .toArray(),
    ),
  );
  const merged = (found.flat() as SequencedEvent[]).sort((one, other) => order * (one.seq - other.seq));
  return merged.slice(0, limit);
}

export interface TypeCount {
  readonly type: string;
  readonly count: number;
}

/** The first `limit` events of a query by type, the most frequent first. Not for `about`. */
export function countEvents(
  events: Collection<StoredEvent>,
  account: number,
  query: Omit<EventQuery, 'about'>,
  head: number,
): Promise<TypeCount[]> {
  const order = query.descending === true ? -1 : 1;
  return events
    .aggregate<TypeCount>([
      { $match: matching(account, query, head) },
      { $sort: { seq: order } },
      { $limit: query.limit },
      { $group: { _id: '$type', count: { $sum: 1 } } },
      { $sort: { count: -1, _id: 1 } },
      { $project: { _id: 0, type: '$_id', count: 1 } },
    ])
    .toArray();
}

function matching(account: number, query: EventQuery, head: number): Filter<StoredEvent> {
  const { types, campaign, subscriber, message, from, to, after, descending } = query;
  const beyond = descending === true ? { $lte: head, $lt: after ?? head + 1 } : { $gt: after ?? 0, $lte: head };
  return {
    account,
    seq: beyond,
    ...(types && { type: { $in: [...types] } }),
    ...(campaign !== undefined && { campaign }),
    ...(subscriber !== undefined && { subscriber }),
    ...(message !== undefined && { 'data.message': message }),
    ...((from || to) && { at: { ...(from && { $gte: from }), ...(to && { $lt: to }) } }),
  };
}
