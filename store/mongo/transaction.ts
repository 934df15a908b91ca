import type { ClientSession } from 'mongodb';
import type { Store } from './connect.js';
import { isDuplicateKey } from './duplicate-key.js';

const TRIES = 5;

/**
 * Runs the work in one transaction: all of its writes or none. The work may run several times and must leave nothing
 * behind but its writes. A duplicate key means that somebody was quicker; what they wrote is seen by the next try.
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
