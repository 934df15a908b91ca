import type { ClientSession } from 'mongodb';
import type { Store } from './connect.js';
import { isDuplicateKey } from './duplicate-key.js';

const TRIES = 5;

/**
 * Runs the work in one transaction. The work may run several times and must have no effect but its writes. A duplicate key
 * means that a concurrent write won; the next try sees its rows.
 */
export async function inTransaction<T>({ db }: Store, work: (session: ClientSession) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.client.withSession((session) =>
        session.withTransaction(() => work(session), {
          readConcern: { level: 'snapshot' },
          writeConcern: { w: 'majority' },
        }),
      );
    } catch (error) {
      if (!isDuplicateKey(error) || attempt === TRIES) throw error;
    }
  }
}
