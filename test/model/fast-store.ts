import { type Collection, type Db, ReadConcern } from 'mongodb';
import type { Store } from '../../store/mongo/connect.js';

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
