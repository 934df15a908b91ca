import { afterEach, expect, test } from 'vitest';
import { acceptSystemMail } from '../../services/accept-system-mail.js';
import { contents } from '../../store/messages/contents.js';
import { messages } from '../../store/messages/messages.js';
import type { Message } from '../../store/messages/row.js';
import { counters } from '../../store/mongo/counters.js';
import { restores } from '../../store/restores/restores.js';
import { ownStore } from '../support/store/own-store.js';

const store = ownStore();
const started: string[] = [];
const before = (at: Date) => new Date(at.getTime() - 60_000);
const after = (at: Date) => new Date(at.getTime() + 60_000);
afterEach(async () => {
  started.length = 0;
  for (const name of ['messages', 'restores']) await store.db.collection(name).deleteMany({});
});

function accept(key: string, due: Date): Promise<void> {
  const engine = { startMessage: ({ key }: Message) => void started.push(key ?? '') };
  const stores = { messages: messages(store), contents: contents(store), counters: counters(store), engine };
  const from = { email: 'news@example.org', name: null };
  const letter = { subject: 'Please confirm', html: '<p>Please confirm</p>', text: 'Please confirm', tags: [] };
  return acceptSystemMail(stores, {
    ...{ account: 1, key, from, reply_to: null, to: { email: 'ann@example.org', name: null }, due },
    ...letter,
  });
}

const rows = async () =>
  (await store.db.collection<Message & { _id: string }>('messages').find().sort({ number: 1 }).toArray()).map(
    ({ key, state, attempts }) => [key, state, attempts.map((attempt) => attempt.class)],
  );

test('without a restore a mail that is long due is sent', async () => {
  await accept('confirmation 1 reminder', new Date(0));
  expect(await rows()).toEqual([['confirmation 1 reminder', 'accepted', []]]);
  expect(started).toEqual(['confirmation 1 reminder']);
});

test('after a restore a mail that was due before it is uncertain by name, and is not sent', async () => {
  await accept('confirmation 1 request', new Date());
  const { began_at } = await restores(store).begin(new Date());
  for (let time = 0; time < 2; time++) {
    await accept('confirmation 1 request', before(began_at));
    await accept('confirmation 1 reminder', before(began_at));
    await accept('confirmation 2 reminder', after(began_at));
  }
  expect(await rows()).toEqual([
    ['confirmation 1 request', 'accepted', []],
    ['confirmation 1 reminder', 'uncertain', ['restored']],
    ['confirmation 2 reminder', 'accepted', []],
  ]);
  expect(started).toEqual(['confirmation 1 request', 'confirmation 2 reminder']);
});
