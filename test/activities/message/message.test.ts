import { expect, test } from 'vitest';
import { events } from '../../../store/events/events.js';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { optOuts } from '../../../store/suppressions/opt-outs.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { ACCEPTED, aProcess, input, slowServer, TIMES, UNTIL } from '../../support/activities/message-process.js';
import { anAcceptedMessage } from '../../support/store/messages.js';
import { ownStore } from '../../support/store/own-store.js';
import { until } from '../../support/until.js';

const store = ownStore();

const read = async ({ _id, account }: Message) => messages(store).find(account, _id);

/** Calls the step again while the attempt is in flight, as a workflow task does. */
async function beginning({ steps }: ReturnType<typeof aProcess>, message: Message) {
  for (;;) {
    const result = await steps.activities.beginMessage(input(message));
    if (result.kind !== 'under_way') return result;
  }
}

test('a second call for a message joins its running attempt', async () => {
  const one = aProcess(store);
  const { server, steps } = one;
  const message = await anAcceptedMessage(store);
  const first = steps.activities.deliverMessage(input(message));
  await until(() => server.open.length === 1);
  const second = beginning(one, message);
  server.answer(ACCEPTED);
  expect(await Promise.all([first, second])).toEqual([
    { kind: 'final', state: 'sent' },
    { kind: 'final', state: 'sent' },
  ]);
  expect(server.handed).toEqual([message._id]);
});

test('a claim is renewed while its mail is open; another process reports the message as busy', async () => {
  const { server, steps } = aProcess(store);
  const message = await anAcceptedMessage(store);
  const sending = steps.activities.deliverMessage(input(message));
  await until(() => server.open.length === 1);
  const claimed = await read(message);
  await until(async () => ((await read(message))?.seen ?? 0) > (claimed?.seen ?? 0));
  const elsewhere = aProcess(store);
  await expect(elsewhere.steps.activities.deliverMessage(input(message))).rejects.toMatchObject({
    type: 'message_busy',
    nextRetryDelay: TIMES.lease / 4,
  });
  server.answer(ACCEPTED);
  expect(await sending).toEqual({ kind: 'final', state: 'sent' });
  expect(elsewhere.server.handed).toEqual([]);
});

test('a process claims at most four messages for each open connection', async () => {
  const { server, steps } = aProcess(store);
  const all = await Promise.all(Array.from({ length: 9 }, () => anAcceptedMessage(store)));
  const ends = all.map((message) => steps.activities.deliverMessage(input(message)));
  for (let handed = 4; handed <= 9; handed += 4) {
    await until(() => server.handed.length >= handed);
    server.answer(ACCEPTED);
  }
  await until(() => server.handed.length === 9);
  server.answer(ACCEPTED);
  expect((await Promise.all(ends)).map((end) => end.kind)).toEqual(Array(9).fill('final'));
  expect(server.most()).toBe(4);
});

test('a message keeps its place in the queue; it is refused if its recipient was suppressed meanwhile', async () => {
  const { server, steps } = aProcess(store, { times: { ...TIMES, freshness: -1 } });
  const all = await Promise.all(Array.from({ length: 6 }, () => anAcceptedMessage(store)));
  const ends = all.map((message) => steps.activities.deliverMessage(input(message)));
  await until(() => server.open.length === 4);
  const waiting = all.filter(({ _id }) => !server.handed.includes(_id));
  const [gone] = waiting;
  await suppressions(store).add(7, gone?.to_key ?? '', 'manual', null);
  await until(() => {
    server.answer(ACCEPTED);
    return server.handed.length === 5;
  });
  server.answer(ACCEPTED);
  const states = (await Promise.all(ends)).map((end) => (end.kind === 'final' ? end.state : end.kind));
  expect(states.sort()).toEqual(['failed', 'sent', 'sent', 'sent', 'sent', 'sent']);
  expect((await messages(store).find(7, gone?._id ?? ''))?.attempts).toMatchObject([{ class: 'suppressed' }]);
});

test('a recipient who opted out of the mails of a key after the acceptance is not mailed', async () => {
  const { server, steps } = aProcess(store);
  const message = await anAcceptedMessage(store, { leaves_key: 3 });
  await optOuts(store).add(7, 3, message.to_key);
  expect(await steps.activities.deliverMessage(input(message))).toMatchObject({ kind: 'final', state: 'failed' });
  expect(server.handed).toEqual([]);
});

test('a message to a domain that accepts no mail waits, and fails if the domain refuses again', async () => {
  const one = aProcess(store);
  const { server, steps } = one;
  const message = await anAcceptedMessage(store);
  const domain = message.to_key.slice(message.to_key.lastIndexOf('@') + 1);
  const { recordBadDomain } = suppressions(store);
  await recordBadDomain(7, domain, '556 null MX', message.created_at);
  expect(await beginning(one, message)).toMatchObject({ kind: 'waiting' });
  const waits = { class: 'bad_domain', outcome: 'deferred', rule: 'known_bad_domain' };
  expect((await read(message))?.attempts).toMatchObject([waits]);

  // If the domain refused again, the next attempt fails the message; otherwise the mail is handed over.
  const rows = majorityCollection<Message>(store, 'messages');
  const other = await anAcceptedMessage(store, { to_key: message.to_key });
  await beginning(one, other);
  await rows.updateMany({ _id: { $in: [message._id, other._id] } }, { $set: { due: message.created_at } });
  const asked = steps.activities.deliverMessage(input(other));
  await until(() => server.open.length === 1);
  server.answer(ACCEPTED);
  expect(await asked).toEqual({ kind: 'final', state: 'sent' });
  await recordBadDomain(7, domain, '556 null MX', new Date());
  expect(await steps.activities.deliverMessage(input(message))).toEqual({ kind: 'final', state: 'failed' });
  expect(server.handed).toEqual([other._id]);
  await suppressions(store).deleteBadDomain(7, domain);
});

test('a process that stops claims nothing more', async () => {
  const stop = new AbortController();
  const one = aProcess(store, { stopping: stop.signal });
  stop.abort();
  const message = await anAcceptedMessage(store);
  expect(await beginning(one, message)).toMatchObject({ kind: 'busy' });
  await one.steps.ended();
  expect(await read(message)).toMatchObject({ state: 'accepted', attempt: 0 });
  expect(one.server.handed).toEqual([]);
});

test('without a connection nothing is claimed', async () => {
  const server = slowServer();
  const unreachable = { ...server.transport, ready: async () => ({ stage: 'connect' as const, what: 'ECONNREFUSED' }) };
  const { steps } = aProcess(store, { transportsFor: () => unreachable });
  const message = await anAcceptedMessage(store);
  for (let tries = 0; tries < 3; tries += 1) {
    const status = await steps.activities.deliverMessage(input(message));
    expect(status).toEqual({ kind: 'transport_down', until: UNTIL, reason: 'transport_unavailable' });
  }
  expect(await read(message)).toMatchObject({ state: 'accepted', attempt: 0 });
  // The acceptance and one entry for the hold, however often it was tried.
  const published = await store.db
    .collection('events')
    .find({ 'data.message': message._id })
    .sort({ _id: 1 })
    .toArray();
  expect(published.map(({ type, data }) => [type, data['reason'], data['detail'], data['attempt']])).toEqual([
    ['message.accepted', undefined, undefined, undefined],
    ['message.held', 'transport', 'ECONNREFUSED', 1],
  ]);
});

test('a mail that cannot be built fails with the reason', async () => {
  const messageMail = async () =>
    ({
      kind: 'unrenderable',
      class: 'invalid_address',
      scope: 'message',
      code: null,
      reason: 'not an address',
    }) as const;
  const { steps } = aProcess(store, { messageMail });
  const message = await anAcceptedMessage(store);
  expect(await steps.activities.deliverMessage(input(message))).toEqual({ kind: 'final', state: 'failed' });
  expect((await read(message))?.attempts).toMatchObject([{ class: 'invalid_address', reply: 'not an address' }]);
});

test.each([false, true])(
  'a click before the outcome is known means delivery: no uncertain state, no second mail (re-send requested: %s)',
  async (resend_if_uncertain) => {
    const { server, steps } = aProcess(store);
    const message = await anAcceptedMessage(store, { track: true, resend_if_uncertain });
    const click = (by: string) => {
      const data = { message: message._id, by, rule: null, link: 1 };
      const _id = `message:${message._id}:clicked:1:${by}:1`;
      return events(store).append([{ _id, account: message.account, type: 'message.clicked', data }]);
    };
    const sending = steps.activities.deliverMessage(input(message));
    await until(() => server.open.length === 1);
    await click('machine');
    await click('person');
    server.answer({ kind: 'uncertain', why: { stage: 'dot', what: 'closed' } });
    await sending;
    const row = await read(message);
    expect(row).toMatchObject({ state: 'sent', sweep_at: null, token: null });
    expect(row?.attempts.map(({ outcome, class: why }) => [outcome, why])).toEqual([
      ['uncertain', expect.any(String)],
      ['sent', 'clicked'],
    ]);
    expect(await steps.activities.deliverMessage(input(message))).toEqual({ kind: 'final', state: 'sent' });
    expect(server.handed).toEqual([message._id]);
  },
);
