import type { AnyBulkWriteOperation, Collection, Db, Document } from 'mongodb';
import type { Store } from '../../../store/mongo/connect.js';

/** A store over `store` whose first append of an event that `dies` names is rejected, as if the process were killed before it. */
export function dyingStore(store: Store, dies: (eventId: string) => boolean): Store {
  let isDead = false;
  const guarded = (events: Collection<Document>): Collection<Document> =>
    withMethod(events, 'bulkWrite', async (operations: readonly AnyBulkWriteOperation[], ...rest: unknown[]) => {
      const ids = operations.map((one) => ('insertOne' in one ? String(one.insertOne.document['_id']) : ''));
      if (!isDead && ids.some(dies)) {
        isDead = true;
        throw new Error('the process was killed before the append');
      }
      return Reflect.apply(events.bulkWrite, events, [operations, ...rest]);
    });
  const db = withMethod(store.db, 'collection', (name: string) => {
    const collection = store.db.collection(name);
    return name === 'events' ? guarded(collection) : collection;
  });
  return { db, ledger: store.ledger, close: () => store.close() };
}

function withMethod<T extends Db | Collection<Document>>(target: T, method: string, implementation: unknown): T {
  return new Proxy(target, {
    get: (of, name) => {
      if (name === method) return implementation;
      const value: unknown = Reflect.get(of, name);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}
