import { expect, test } from 'vitest';
import { events } from '../../../store/events/events.js';
import { duplicatesIn } from '../../../store/mongo/duplicate-key.js';
import { breakSockets } from '../../support/store/broken-sockets.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

const anEvent = (_id: string) => ({ _id, account: 1, type: 'message.sent' });

/** The error of an unordered insert of these ids. */
async function errorOf(ids: readonly number[], w?: number): Promise<unknown> {
  const rows = store.db.collection<{ _id: number }>('duplicates');
  const inserts = ids.map((_id) => ({ insertOne: { document: { _id } } }));
  const concern = w === undefined ? {} : { writeConcern: { w, wtimeoutMS: 10 } };
  return rows.bulkWrite(inserts, { ordered: false, ...concern }).then(
    () => 'none',
    (error: unknown) => error,
  );
}

test('an append without an answer is rejected: its events may be missing', async () => {
  const log = events(store);
  await log.append([anEvent('before')]);
  // The driver tries a write twice.
  breakSockets(store.db.client, 2);
  await expect(log.append([anEvent('lost')])).rejects.toThrow();
  await log.append([anEvent('before'), anEvent('lost')]);
  expect(await store.db.collection<{ _id: string }>('events').countDocuments({ _id: 'lost' })).toBe(1);
});

test('only an answered bulk whose refusals are all duplicates has duplicates', async () => {
  await errorOf([1, 2]);
  expect(duplicatesIn(await errorOf([1, 3, 2])).map(({ index }) => index)).toEqual([0, 2]);
  // More members than there are: the write concern is not met.
  const unconfirmed = await errorOf([1, 4], 3);
  expect(() => duplicatesIn(unconfirmed)).toThrow();
  expect(() => duplicatesIn(new TypeError('a defect'))).toThrow('a defect');
});
