import type { Collection, Db, Document } from 'mongodb';
import type { Store } from '../../../store/mongo/connect.js';

const WRITES: readonly (string | symbol)[] = [
  'updateOne',
  'updateMany',
  'findOneAndUpdate',
  'insertOne',
  'insertMany',
  'bulkWrite',
];

export const KILLED = 'the process was killed';

/** A store over `store` with which no write is done after the first `count`, as if the process were killed then. */
export function storeDyingAfter(store: Store, count: number): Store {
  let writes = 0;
  const dying = (of: Collection<Document>): Collection<Document> =>
    overridden(of, (name, value) => {
      if (!WRITES.includes(name)) return value;
      return async (...rest: never[]) => {
        writes += 1;
        if (writes > count) throw new Error(KILLED);
        return value(...rest);
      };
    });
  const over = (db: Db): Db =>
    overridden(db, (name, value) => {
      if (name !== 'collection') return value;
      return (...rest: Parameters<Db['collection']>) => dying(db.collection(...rest));
    });
  return { db: over(store.db), ledger: over(store.ledger), close: () => store.close() };
}

type Method = (...rest: never[]) => unknown;

function overridden<T extends Db | Collection<Document>>(
  target: T,
  override: (name: string | symbol, method: Method) => unknown,
): T {
  return new Proxy(target, {
    get: (of, name) => {
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? override(name, value.bind(of) as Method) : value;
    },
  });
}
