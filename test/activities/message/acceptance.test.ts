import { expect, test } from 'vitest';
import type { Event } from '../../../store/events/events.js';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { ACCEPTED, aProcess, input, TIMES } from '../../support/activities/message-process.js';
import { anAcceptedMessage } from '../../support/store/messages.js';
import { ownStore } from '../../support/store/own-store.js';
import { until } from '../../support/until.js';

const store = ownStore();

const read = async ({ _id, account }: Message) => messages(store).find(account, _id);
const publishedFor = (ids: readonly string[]) =>
  store.db
    .collection<Event>('events')
    .find({ _id: { $in: [...ids] } })
    .toArray();

test('the acceptance of a queued message is published before its outcome, and the sweep does not start it again', async () => {
  const { server, steps } = aProcess(store);
  const rows = await Promise.all(Array.from({ length: 5 }, () => anAcceptedMessage(store)));
  const all = rows.map((row) => steps.activities.deliverMessage(input(row)));
  const accepted = rows.map(({ _id }) => `message:${_id}:accepted`);
  await until(async () => (await publishedFor(accepted)).length === 5);
  const inLine = async () => (await Promise.all(rows.map(read))).filter((row) => row?.state === 'accepted');
  await until(async () => {
    const [waiting, ...others] = await inLine();
    return others.length === 0 && (waiting?.sweep_at?.getTime() ?? 0) > Date.now() + TIMES.lease / 2;
  });
  await until(() => server.open.length === 4);
  server.answer(ACCEPTED);
  await until(() => server.open.length === 1);
  server.answer(ACCEPTED);
  await Promise.all(all);
  const story = [...accepted, ...rows.map(({ _id }) => `message:${_id}:0`)];
  expect((await publishedFor(story)).map(({ type }) => type).sort()).toEqual(
    ['message.accepted', 'message.sent'].flatMap((type) => rows.map(() => type)),
  );
});
