import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishKeyReminders } from '../../../activities/sweep/sweep.js';
import { type Event, events } from '../../../store/events/events.js';
import { type Key, keys } from '../../../store/keys/keys.js';
import { keyRotation } from '../../../store/keys/rotation.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';

let database: TestDatabase;
let store: Store;
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

test('an old key is reported once, a revoked or a young one never', async () => {
  const made = keys(store);
  const [old, revoked] = [await made.issue(7, 'Old'), await made.issue(7, 'Revoked')];
  await made.issue(7, 'Young');
  const ids = [old.key._id, revoked.key._id];
  await store.db.collection<Key>('keys').updateMany({ _id: { $in: ids } }, { $set: { rotation_due_at: new Date(0) } });
  await made.revoke(7, revoked.key._id);
  const deps = { keyRotation: keyRotation(store), events: events(store) };
  await publishKeyReminders(deps);
  await publishKeyReminders(deps);
  const published = await store.db.collection<Event>('events').find().toArray();
  expect(published).toMatchObject([{ account: 7, type: 'key.rotation_due', data: { key: old.key._id, name: 'Old' } }]);
});

test('a crash between the event and the mark repeats neither', async () => {
  const { key } = await keys(store).issue(8, 'Older');
  await store.db.collection<Key>('keys').updateOne({ _id: key._id }, { $set: { rotation_due_at: new Date(0) } });
  const rotation = keyRotation(store);
  const crash = async () => {
    throw new Error('killed');
  };
  const broken = { keyRotation: { due: rotation.due, recordReminded: crash }, events: events(store) };
  await expect(publishKeyReminders(broken)).rejects.toThrow('killed');
  await publishKeyReminders({ keyRotation: rotation, events: events(store) });
  expect(await store.db.collection<Event>('events').countDocuments({ account: 8 })).toBe(1);
});
