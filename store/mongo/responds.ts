import type { Store } from './connect.js';

/** Whether MongoDB answers a ping within so many milliseconds. Never rejects. */
export function storeResponds({ db }: Pick<Store, 'db'>, ms: number): Promise<boolean> {
  return db.command({ ping: 1 }, { signal: AbortSignal.timeout(ms) }).then(
    () => true,
    () => false,
  );
}
