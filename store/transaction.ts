import { type ClientSession, MongoServerError } from 'mongodb';
import type { Store } from './connect.js';

const DUPLICATE_KEY = 11_000;
const TRIES = 5;

/**
 * Runs the work in one transaction: all of its writes or none. The work may run several times and must leave nothing
 * behind but its writes. A duplicate key means that somebody was quicker; what they wrote is seen by the next try.
 */
export async function together<T>({ db }: Store, work: (session: ClientSession) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.client.withSession((session) =>
        session.withTransaction(() => work(session), {
          readConcern: { level: 'snapshot' },
          writeConcern: { w: 'majority' },
        }),
      );
    } catch (error) {
      const late = error instanceof MongoServerError && error.code === DUPLICATE_KEY;
      if (!late || attempt === TRIES) throw error;
    }
  }
}
