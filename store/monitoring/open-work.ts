import type { Db, Document } from 'mongodb';
import { later } from '../../clock.js';
import { combinedHealth, type TransportState } from '../../domain/delivery/transport-health.js';
import type { StoredEvent } from '../events/events.js';
import type { Message } from '../messages/row.js';
import type { Store } from '../mongo/connect.js';
import { DEFAULT_TRANSPORT, transportHealth } from '../transports/health.js';
import type { StoredTransport } from '../transports/transports.js';
import type { Endpoint } from '../webhooks/row.js';

/** The check of an open message is at most two leases ahead, unless the message waits for a later time. */
const NEXT_CHECK_MS = 300_000;

/** What waits, over all accounts, for metrics and for the doctor. Ages in milliseconds, by the clock of MongoDB. */
export function openWork({ db }: Pick<Store, 'db'>, lease: number) {
  const messages = db.collection<Message>('messages');
  return {
    /** How long the longest-waiting message is due: accepted, scheduled for a time that has come, or to be retried. 0: none. */
    messageAge: async (): Promise<number> => {
      // Read from the index alone: a backlog may have a million rows.
      const [found] = await messages
        .aggregate<{ age: number }>([
          { $match: { sweep_at: { $type: 'date', $lt: later(NEXT_CHECK_MS) } } },
          { $group: { _id: null, due: { $min: '$due' } } },
          { $project: { age: { $max: [0, { $subtract: ['$$NOW', '$due'] }] } } },
        ])
        .toArray();
      return found?.age ?? 0;
    },

    /** Age of the oldest event that has no sequence number yet: until then no reader sees it. 0: none. */
    sequencerAge: async (): Promise<number> => {
      const [found] = await db
        .collection<StoredEvent>('events')
        .aggregate<{ age: number }>([
          { $match: { append_index: { $exists: true } } },
          { $group: { _id: null, at: { $min: '$at' } } },
          { $project: { age: { $max: [0, { $subtract: ['$$NOW', '$at'] }] } } },
        ])
        .toArray();
      return found?.age ?? 0;
    },

    /** Webhook endpoints whose next event waits longest, the longest first. */
    waitingEndpoints: (limit: number): Promise<WaitingEndpoint[]> =>
      db
        .collection<Endpoint>('endpoints')
        .aggregate<WaitingEndpoint>([
          { $match: { state: 'enabled' } },
          ...nextEventAfter('$cursor'),
          { $project: { account: 1, failing_since: 1, failures: 1, age: { $subtract: ['$$NOW', '$next.at'] } } },
          { $sort: { age: -1 } },
          { $limit: limit },
        ])
        .toArray(),

    /** Number of paused campaigns, by the reason that they name. */
    stoppedCampaigns: async (): Promise<Record<string, number>> => {
      const paused = db
        .collection('campaigns')
        .aggregate<{ _id: string; count: number }>([
          { $match: { state: 'paused', reason: { $type: 'string' } } },
          { $group: { _id: '$reason', count: { $sum: 1 } } },
        ]);
      return Object.fromEntries((await paused.toArray()).map(({ _id, count }) => [_id, count]));
    },

    /** The transports that are enabled and the installation's own, each with its state. */
    transportStates: () => statesOf(db, lease),
  };
}

interface WaitingEndpoint extends Pick<Endpoint, '_id' | 'account' | 'failing_since' | 'failures'> {
  /** Milliseconds since the event that the endpoint has not been offered yet. */
  readonly age: number;
}

/** Adds `next`, the first event behind a position in the log of the row's account; rows without one are dropped. */
function nextEventAfter(position: string): Document[] {
  const isBehind = { $and: [{ $eq: ['$account', '$$account'] }, { $gt: ['$seq', '$$position'] }] };
  const first = [{ $match: { seq: { $exists: true }, $expr: isBehind } }, { $sort: { seq: 1 } }, { $limit: 1 }];
  const scope = { account: '$account', position };
  return [
    { $lookup: { from: 'event_sequences', localField: 'account', foreignField: '_id', as: 'head' } },
    { $match: { $expr: { $gt: [{ $first: '$head.head' }, position] } } },
    { $lookup: { from: 'events', let: scope, pipeline: first, as: 'next' } },
    { $unwind: '$next' },
  ];
}

interface TransportReport extends Pick<StoredTransport, 'name' | 'account'> {
  /** Number of the transport, or `default`. */
  readonly id: string;
  readonly state: TransportState;
  readonly since: Date | null;
  readonly error: { readonly at: Date; readonly reply: string; readonly phase: string } | null;
  readonly next_try: Date | null;
}

const OWN = { _id: DEFAULT_TRANSPORT, name: 'SMTP_URL', account: 0, version: 0 } as const;

async function statesOf(db: Db, lease: number): Promise<TransportReport[]> {
  const enabled = db.collection<StoredTransport>('transports').find({ enabled: true });
  const rows = [OWN, ...(await enabled.project<StoredTransport>({ url: 0 }).toArray())];
  const known = await transportHealth({ db }, lease).of(rows.map(({ _id }) => String(_id)));
  return rows.map(({ _id, name, account, version }) => {
    const health = combinedHealth(known.get(String(_id)), version);
    const { state = 'unknown', since = null, error = null, next_try = null } = health ?? {};
    return { id: String(_id), name, account, state, since, error, next_try };
  });
}
