import {
  type BulkWriteResult,
  type Collection,
  type Db,
  type Document,
  MongoBulkWriteError,
  MongoNetworkError,
} from 'mongodb';
import type { Store } from '../../store/mongo/connect.js';

/**
 * A fault of one write: `drop` loses it, `deaf` applies it and loses the answer, `late` loses the answer and applies it at
 * any later time, `twice` answers and applies it once more at any later time, `hang` blocks the caller until the
 * connection is resumed. `part` applies the first half of a batch and loses the answer; other writes are lost.
 */
export type Fault = 'ok' | 'drop' | 'deaf' | 'late' | 'twice' | 'hang' | 'part';

/** A fault of one read of a row: `drop` loses its answer; `stale` returns an earlier version, unless it is linearizable. */
export type ReadFault = 'ok' | 'drop' | 'stale';

/** The connection of one attempt, owner or process to MongoDB. */
export interface Connection {
  /** The faults of its next writes; without faults writes succeed. */
  readonly faults: Fault[];
  /** The faults of its next reads of a row, and the versions that stale reads return. */
  readonly reads?: { readonly faults: ReadFault[]; readonly earlier: (id: string) => unknown };
  /** Blocks a write that hangs; without it the connection has one operation at a time. */
  readonly park?: (method: string, args: readonly unknown[]) => Promise<void>;
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
  /** Changes the number of rows that a write has matched. */
  readonly matched?: (matched: number, count: number, args: readonly unknown[]) => number;
  /** The reads that decide are not linearizable. */
  readonly readsWeakly?: boolean;
  readonly acceptsUnknown?: boolean;
  readonly ignoresNoMatch?: boolean;
  readonly handsOverEarly?: boolean;
  readonly publishesEarly?: boolean;
  /** The sweep of a message ends before its events are appended. */
  readonly endsSweepEarly?: boolean;
  /** A round counts as over without its last page. */
  readonly endsEarly?: boolean;
  /** A cancel does not end the chain of the first round. */
  readonly leavesChainOpen?: boolean;
}

const WRITES = new Set(['updateOne', 'updateMany', 'findOneAndUpdate', 'insertOne', 'insertMany', 'bulkWrite']);

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
      if (name === 'findOne')
        return (...args: unknown[]) => readRow(() => method.apply(target, args), args, connection, mutation);
      if (typeof name !== 'string' || !WRITES.has(name)) return method.bind(target);
      return async (...args: unknown[]) => {
        const mutated = mutation.write?.(name, args) ?? args;
        const isBatch = name === 'insertMany' || name === 'bulkWrite';
        const count = name === 'bulkWrite' ? (mutated[0] as readonly unknown[]).length : 1;
        const write = {
          whole: () => method.apply(target, [...mutated]),
          part: async () => (isBatch ? method.apply(target, firstHalf(mutated)) : undefined),
          park: () => connection.park?.(name, mutated) ?? parkAlone(connection),
          lost: name === 'bulkWrite' ? lostBulk : lostAnswer,
          count,
        };
        const answer = await sent(write, connection, underway, acceptsUnknown(name));
        return mutatedAnswer(mutation, answer, count, mutated);
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
  /** Waits until the connection is resumed. */
  readonly park: () => Promise<void>;
  /** The error of the driver when no answer comes. */
  readonly lost: () => Error;
  /** Rows that it matches if nothing fails. */
  readonly count: number;
}

async function sent(
  { whole: write, part, park, lost: error, count }: Write,
  connection: Connection,
  underway: Underway,
  accepted: boolean,
): Promise<unknown> {
  const lost = () => {
    if (accepted) return { matchedCount: count };
    throw error();
  };
  const fault = connection.faults.shift() ?? 'ok';
  if (fault === 'drop') return lost();
  if (fault === 'part' || fault === 'deaf') {
    // An error is lost like any other answer.
    await (fault === 'part' ? part() : write()).catch(() => undefined);
    return lost();
  }
  if (fault === 'late') {
    underway.push(write);
    return lost();
  }
  if (fault === 'hang') await park();
  const answer = await write();
  if (fault === 'twice') underway.push(write);
  return answer;
}

function lostAnswer(): Error {
  return new MongoNetworkError('the answer was lost');
}

/** The driver wraps a lost connection as if the server had answered. */
function lostBulk(): Error {
  const result = { getWriteErrors: () => [], getWriteConcernError: () => undefined };
  return new MongoBulkWriteError(lostAnswer(), result as unknown as BulkWriteResult);
}

function parkAlone(connection: Connection): Promise<void> {
  return new Promise((resume) => {
    connection.parked = resume;
    connection.onPark?.();
  });
}

async function readRow(
  read: () => Promise<unknown>,
  [filter, options]: readonly unknown[],
  { reads }: Connection,
  { readsWeakly = false }: Mutation,
): Promise<unknown> {
  const fault = reads?.faults.shift() ?? 'ok';
  if (fault === 'drop') throw lostAnswer();
  const isLinearizable = (options as Document | undefined)?.['readConcern'] === 'linearizable' && !readsWeakly;
  return fault === 'stale' && !isLinearizable ? reads?.earlier((filter as Document)['_id']) : read();
}

function mutatedAnswer(
  { ignoresNoMatch = false, matched }: Mutation,
  answer: unknown,
  count: number,
  args: readonly unknown[],
): unknown {
  const found = (answer as Document | null)?.['matchedCount'];
  if (typeof found !== 'number') return answer;
  if (ignoresNoMatch && found < count) return { matchedCount: count };
  return matched === undefined ? answer : { matchedCount: matched(found, count, args) };
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
