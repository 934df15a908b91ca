import { type Collection, type Db, type Document, MongoNetworkError, ReadConcern } from 'mongodb';
import type { Store } from '../../store/mongo/connect.js';

/**
 * A fault of one write: `drop` loses it, `deaf` applies it and loses the answer, `late` loses the answer and applies it at
 * any later time, `twice` answers and applies it once more at any later time, `hang` blocks the caller until the
 * connection is resumed. `part` applies the first half of a batch and loses the answer; other writes are lost.
 */
export type Fault = 'ok' | 'drop' | 'deaf' | 'late' | 'twice' | 'hang' | 'part';

/** The connection of one attempt or owner to MongoDB. */
export interface Connection {
  /** The faults of its next writes; without faults writes succeed. */
  readonly faults: Fault[];
  /** The operation that waits for its answer. */
  operation?: Promise<void>;
  parked?: () => void;
  onPark?: () => void;
}

/** Pending writes without a waiting caller. */
export type Underway = (() => Promise<unknown>)[];

/** A mutant of the protocol: it changes writes or the handling of their outcome. */
export interface Mutation {
  readonly write?: (method: string, args: readonly unknown[]) => readonly unknown[];
  readonly acceptsUnknown?: boolean;
  readonly ignoresNoMatch?: boolean;
  readonly handsOverEarly?: boolean;
  readonly publishesEarly?: boolean;
  /** A round counts as over without its last page. */
  readonly endsEarly?: boolean;
  /** A cancel does not end the chain of the first round. */
  readonly leavesChainOpen?: boolean;
}

const WRITES = new Set(['updateOne', 'updateMany', 'findOneAndUpdate', 'insertOne', 'insertMany', 'bulkWrite']);

/**
 * Skips durability, which is not tested here and costs a disk flush per write. On a single server a local read sees all
 * writes.
 */
const QUICK = { writeConcern: { w: 1, journal: false }, readConcern: new ReadConcern('local') } as const;

/** Methods that change nothing. */
const READS = new Set(['find', 'findOne', 'countDocuments', 'distinct']);

/** A store that counts the begun and ended writes of its user. */
export interface FastStore extends Store {
  readonly writes: () => number;
}

/** The store over a reliable connection. */
export function fastStore(store: Store): FastStore {
  let writes = 0;
  const count = () => {
    writes += 1;
  };
  const counted = (collection: Collection) => countingWrites(collection, count);
  const ledger = { collection: (name: string) => counted(store.ledger.collection(name, QUICK)) } as unknown as Db;
  const collection = (...args: Parameters<Db['collection']>) => counted(store.db.collection(...args));
  const db = new Proxy(store.db, {
    get: (target, name) => {
      if (name === 'collection') return collection;
      const member = Reflect.get(target, name) as unknown;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return { ...store, db, ledger, writes: () => writes };
}

function countingWrites(collection: Collection, count: () => void): Collection {
  return new Proxy(collection, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== 'function') return method;
      if (typeof name !== 'string' || READS.has(name)) return method.bind(target);
      return (...args: unknown[]) => {
        count();
        const answer = method.apply(target, args) as unknown;
        return answer instanceof Promise ? answer.finally(count) : answer;
      };
    },
  });
}

/** A read that is repeated only after a write: most steps of a model change nothing. */
export function readAfterWrites<T>({ writes }: FastStore, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly result: T } | undefined;
  return async () => {
    if (last?.at === writes()) return last.result;
    const at = writes();
    last = { at, result: await read() };
    return last.result;
  };
}

/** The same store over a connection that may fail. Only the ledger's client has faults: appending events is idempotent. */
export function unreliableStore(
  store: Store,
  connection: Connection,
  underway: Underway,
  mutation: Mutation = {},
): Store {
  const collection = (name: string) => unreliable(store.ledger.collection(name), connection, underway, mutation);
  return { ...store, ledger: { collection } as unknown as Db };
}

function unreliable(
  collection: Collection,
  connection: Connection,
  underway: Underway,
  mutation: Mutation,
): Collection {
  const acceptsUnknown = (name: string) => mutation.acceptsUnknown === true && /^(updateOne|bulkWrite)$/.test(name);
  return new Proxy(collection, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== 'function') return method;
      if (typeof name !== 'string' || !WRITES.has(name)) return method.bind(target);
      return async (...args: unknown[]) => {
        const mutated = mutation.write?.(name, args) ?? args;
        const isBatch = name === 'insertMany' || name === 'bulkWrite';
        const count = name === 'bulkWrite' ? (mutated[0] as readonly unknown[]).length : 1;
        const write = {
          whole: () => method.apply(target, [...mutated]),
          part: async () => (isBatch ? method.apply(target, firstHalf(mutated)) : undefined),
          count,
        };
        return mutatedAnswer(mutation, await sent(write, connection, underway, acceptsUnknown(name)), count);
      };
    },
  });
}

function firstHalf([documents, ...rest]: readonly unknown[]): unknown[] {
  const all = documents as readonly Document[];
  return [all.slice(0, Math.ceil(all.length / 2)), ...rest];
}

interface Write {
  readonly whole: () => Promise<unknown>;
  readonly part: () => Promise<unknown>;
  /** Rows that it matches if nothing fails. */
  readonly count: number;
}

async function sent(
  { whole: write, part, count }: Write,
  connection: Connection,
  underway: Underway,
  accepted: boolean,
): Promise<unknown> {
  const lost = () => {
    if (accepted) return { matchedCount: count };
    throw new MongoNetworkError('the answer was lost');
  };
  const fault = connection.faults.shift() ?? 'ok';
  if (fault === 'drop') return lost();
  if (fault === 'part') {
    await part();
    return lost();
  }
  if (fault === 'late') {
    underway.push(write);
    return lost();
  }
  if (fault === 'hang') {
    await new Promise<void>((resume) => {
      connection.parked = resume;
      connection.onPark?.();
    });
  }
  const answer = await write();
  if (fault === 'twice') underway.push(write);
  return fault === 'deaf' ? lost() : answer;
}

function mutatedAnswer({ ignoresNoMatch = false }: Mutation, answer: unknown, count: number): unknown {
  return ignoresNoMatch && (answer as Document | null)?.['matchedCount'] < count ? { matchedCount: count } : answer;
}

/** Starts an operation and waits until it has its answer or hangs. */
export function issue(connection: Connection, start: () => Promise<void>): Promise<void> {
  return untilAnsweredOrParked(connection, () => {
    connection.operation = start();
  });
}

/** Resumes a hanging operation. */
export function resume(connection: Connection): Promise<void> {
  return untilAnsweredOrParked(connection, () => {
    const goOn = connection.parked;
    delete connection.parked;
    goOn?.();
  });
}

async function untilAnsweredOrParked(connection: Connection, go: () => void): Promise<void> {
  const parked = new Promise<true>((resolve) => {
    connection.onPark = () => resolve(true);
  });
  go();
  const hangs = await Promise.race([connection.operation?.then(() => false), parked]);
  if (hangs !== true) delete connection.operation;
}
