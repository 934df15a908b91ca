import { type Collection, type Db, type Document, MongoClient, ReadConcern, ReadPreference } from 'mongodb';
import { Connection } from 'mongodb/lib/cmap/connection.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import { inBackground, prepareDatabase } from '../migrations/prepare.js';

/** The open store. `ledger` is a separate client: delivery decisions must not inherit options from a URL. */
export interface Store {
  readonly db: Db;
  readonly ledger: Db;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly url: string;
  readonly database: string;
  /** Leaves the documents and the indexes as they are. */
  readonly asItIs?: boolean;
  /** Milliseconds after which the outcome of an operation on the ledger counts as unknown. */
  readonly ledgerTimeout?: number;
}

/** Set in code, so that no URL can weaken them (docs/architecture/protocol.md "Constants and time"). */
const MAJORITY = {
  writeConcern: { w: 'majority', journal: true },
  readConcern: new ReadConcern('majority'),
  readPreference: ReadPreference.primary,
} as const;

const COMMON = { retryWrites: true, retryReads: true, ignoreUndefined: true, appName: 'everpost' } as const;

/** The database alone, as it is. */
export async function openDatabase({ url, database }: Pick<StoreOptions, 'url' | 'database'>) {
  releaseDeadSockets();
  const options = { ...COMMON, w: 'majority', journal: true, serverSelectionTimeoutMS: 10_000 } as const;
  const client = new MongoClient(readingPrimary(url), options);
  await client.connect();
  return { db: client.db(database), close: () => client.close() };
}

/**
 * The URL without a read preference, so that every read goes to the primary: a freeze that reads the subscribers of a member
 * that lags behind would leave out recipients. Options of the driver cannot take back the tags and the staleness of a URL.
 */
function readingPrimary(url: string): string {
  return url.replaceAll(/(?<=[?&])(?:readPreference|readPreferenceTags|maxStalenessSeconds)=[^&]*&?/gi, '');
}

/** Opens the database and brings it to the version of this build; throws a DatabaseVersionError if the two do not fit. */
export async function openStore({ url, database, asItIs = false, ledgerTimeout }: StoreOptions): Promise<Store> {
  const { db, close } = await openDatabase({ url, database });
  const ledgerClient = new MongoClient(readingPrimary(url), {
    ...COMMON,
    ...boundedBy(ledgerTimeout ?? PROTOCOL_TIMES.storeTimeout),
  });
  // The ledger client connects on first use: its short timeouts must not fail the start of a process on a busy machine.
  const closed = new AbortController();
  if (!asItIs) {
    const { rest } = await prepareDatabase(db).catch((error) => close().then(() => Promise.reject(error)));
    void inBackground(rest, closed.signal);
  }
  return {
    db,
    ledger: ledgerClient.db(database, MAJORITY),
    close: async () => {
      closed.abort();
      await Promise.all([close(), ledgerClient.close()]);
    },
  };
}

/**
 * The driver (7.9) ignores `timeoutMS`; each stage is limited instead. `retryWrites` tries a write twice, so half the time per
 * try keeps the total within `milliseconds`; the minimums keep a busy machine from looking like an outage.
 */
function boundedBy(milliseconds: number) {
  return {
    socketTimeoutMS: Math.max(1_000, Math.ceil(milliseconds / 2)),
    connectTimeoutMS: Math.max(2_000, milliseconds),
    serverSelectionTimeoutMS: Math.max(2_000, milliseconds),
    waitQueueTimeoutMS: Math.max(2_000, milliseconds),
  } as const;
}

/** A collection under the ledger's concerns: `w: majority, j: true`, majority reads on the primary. */
export function majorityCollection<T extends Document>(store: Store, name: string): Collection<T> {
  return store.ledger.collection<T>(name, MAJORITY);
}

let patched = false;

/**
 * A command that the driver (7.9) writes to a socket which has just been destroyed waits for a 'drain' event that never
 * comes. Neither a time limit nor closing the connection ends it, so the page would be blocked as long as its activity
 * lives. Emitting 'drain' when the connection closes releases the command; the driver then reports the closed connection.
 */
function releaseDeadSockets(): void {
  if (patched) return;
  patched = true;
  const { prototype } = Connection;
  const { cleanup } = prototype;
  prototype.cleanup = function (this: Connection, error: Error): void {
    const isFirst = !this.closed;
    cleanup.call(this, error);
    if (isFirst) this.socket.emit('drain');
  };
}
