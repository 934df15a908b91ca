import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { messageRowChanged } from '../../../workflows/messages/message.js';
import { type MessageEverpost, messageEverpost } from '../../support/everpost/message-everpost.js';
import type { Act } from '../../support/scripted/smtp-script.js';

let everpost: MessageEverpost;
/** The replies of the receiver to the next mails to an address. */
const atDot = new Map<string, Act[]>();
const atRcpt = new Map<string, string[]>();
let recipient = '';

beforeAll(async () => {
  everpost = await messageEverpost({
    onRcpt: (address) => atRcpt.get(address)?.shift(),
    on: (step, argument) => {
      if (step === 'rcpt') recipient = argument;
      if (step !== 'dot') return undefined;
      return [...atDot].find(([address]) => recipient.includes(address))?.[1].shift();
    },
  });
});
afterAll(() => everpost?.close());

const mailsTo = (address: string) => everpost.receiver.accepted.filter(({ to }) => to.includes(address));

test('an accepted message is sent once, with its events', async () => {
  const message = await everpost.send();
  expect(await everpost.result(message)).toBe('sent');
  expect(mailsTo(message.to.email).map(({ messageId }) => messageId)).toEqual([`<${message._id}@example.test>`]);
  const row = await everpost.row(message);
  expect(row).toMatchObject({ state: 'sent', attempt: 1, token: null, sweep_at: null });
  expect(row.attempts).toMatchObject([{ n: 1, outcome: 'sent', class: 'accepted', code: '250', next: null }]);
  expect(await everpost.eventsOf(message)).toEqual(['message.accepted', 'message.sent']);
});

test('a workflow started again after its end does not send again', async () => {
  const message = await everpost.send();
  await everpost.result(message);
  await everpost.client.workflow.start('message', {
    workflowId: `message/${message._id}`,
    taskQueue: (await everpost.handle(message).describe()).taskQueue,
    args: [{ account: message.account, message: message._id }],
  });
  expect(await everpost.result(message)).toBe('sent');
  expect(mailsTo(message.to.email)).toHaveLength(1);
});

test('a temporary refusal is retried and then accepted', async () => {
  const to = { email: 'patient@example.test', name: null };
  atRcpt.set(to.email, ['451 4.7.1 try again in 1 second']);
  const message = await everpost.send({ to, to_key: to.email });
  expect(await everpost.result(message)).toBe('sent');
  const [first, second] = (await everpost.row(message)).attempts;
  expect(first).toMatchObject({ n: 1, outcome: 'deferred', code: '4.7.1' });
  expect(second).toMatchObject({ n: 2, outcome: 'sent' });
  expect(Date.parse(first?.next ?? '') - Date.parse(first?.at ?? '')).toBe(1_000);
  expect(Date.parse(second?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.next ?? ''));
  expect(await everpost.eventsOf(message)).toEqual(['message.accepted', 'message.delayed', 'message.sent']);
});

test('a temporary refusal that names a block list is published as held and retried', async () => {
  const to = { email: 'guarded@example.test', name: null };
  atRcpt.set(to.email, ['451 4.7.1 your IP is listed by a DNSBL, try again in 1 second']);
  const message = await everpost.send({ to, to_key: to.email });
  expect(await everpost.result(message)).toBe('sent');
  expect((await everpost.row(message)).attempts).toMatchObject([{ outcome: 'deferred', class: 'ip_blocked' }, {}]);
  expect(await everpost.eventsOf(message)).toEqual(['message.accepted', 'message.blocked', 'message.sent']);
});

test('a permanent refusal fails the message at once and suppresses the address', async () => {
  const to = { email: 'nobody@example.test', name: null };
  atRcpt.set(to.email, ['550 5.1.1 no such user']);
  const message = await everpost.send({ to, to_key: to.email });
  expect(await everpost.result(message)).toBe('failed');
  expect((await everpost.row(message)).attempts).toMatchObject([{ outcome: 'failed', class: 'invalid_recipient' }]);
  expect(await suppressions(everpost.store).among(7, [to.email])).toEqual(new Set([to.email]));
  const next = await everpost.send({ to, to_key: to.email });
  expect(await everpost.result(next)).toBe('failed');
  expect((await everpost.row(next)).attempts).toMatchObject([{ outcome: 'failed', class: 'suppressed' }]);
  expect(await everpost.eventsOf(next)).toEqual(['message.accepted', 'message.failed']);
});

test('a connection lost after the dot makes the message uncertain, and it is not sent again', async () => {
  const to = { email: 'doubt@example.test', name: null };
  atDot.set(to.email, ['drop']);
  const message = await everpost.send({ to, to_key: to.email });
  expect(await everpost.result(message)).toBe('uncertain');
  expect((await everpost.row(message)).attempts).toMatchObject([{ n: 1, outcome: 'uncertain', next: null }]);
  expect(await everpost.eventsOf(message)).toEqual(['message.accepted', 'message.uncertain']);
  expect(mailsTo(to.email).length).toBeLessThanOrEqual(1);
});

test('with resending enabled an uncertain message is sent exactly once more, with the same Message-ID', async () => {
  const to = { email: 'twice@example.test', name: null };
  atDot.set(to.email, ['drop', 'drop', 'drop']);
  const before = everpost.receiver.steps.dot;
  const message = await everpost.send({ to, to_key: to.email, resend_if_uncertain: true });
  expect(await everpost.result(message)).toBe('uncertain');
  expect(everpost.receiver.steps.dot - before).toBe(2);
  expect(await everpost.row(message)).toMatchObject({ state: 'uncertain', attempt: 2, resent: true });
  expect(new Set(mailsTo(to.email).map(({ messageId }) => messageId)).size).toBeLessThanOrEqual(1);
});

test('a message that cannot be delivered in its time expires', async () => {
  const to = { email: 'late@example.test', name: null };
  atRcpt.set(
    to.email,
    Array.from({ length: 9 }, () => '450 4.2.0 try again in 2 hours'),
  );
  const message = await everpost.send({ to, to_key: to.email });
  await everpost.untilState(message, 'deferred');
  // Only now: on a busy machine the message could expire before its first attempt.
  const expires_at = new Date(Date.now() + 500);
  await majorityCollection<Message>(everpost.store, 'messages').updateOne(
    { _id: message._id },
    { $set: { expires_at } },
  );
  await everpost.handle(message).signal(messageRowChanged);
  expect(await everpost.result(message)).toBe('failed');
  expect((await everpost.row(message)).attempts).toMatchObject([
    { n: 1, outcome: 'deferred' },
    { n: 1, outcome: 'failed', class: 'expired' },
  ]);
  expect(mailsTo(to.email)).toEqual([]);
});

test('a scheduled message waits for its time', async () => {
  const due = new Date(Date.now() + 1_500);
  const message = await everpost.send({ due });
  expect(await everpost.result(message)).toBe('sent');
  const [attempt] = (await everpost.row(message)).attempts;
  expect(Date.parse(attempt?.at ?? '')).toBeGreaterThanOrEqual(due.getTime());
});

test('a scheduled message that is cancelled is not sent', async () => {
  const message = await everpost.send({ due: new Date(Date.now() + 3_000_000) });
  expect((await messages(everpost.store).cancel(message.account, message._id))?.state).toBe('cancelled');
  await everpost.handle(message).signal(messageRowChanged);
  expect(await everpost.result(message)).toBe('cancelled');
  expect(mailsTo(message.to.email)).toEqual([]);
  expect(await everpost.eventsOf(message)).toEqual(['message.accepted', 'message.cancelled']);
  expect(await messages(everpost.store).cancel(message.account, message._id)).toBeNull();
});

test('the sweep finds a message without a workflow', async () => {
  const message = await everpost.acceptOnly();
  await everpost.untilState(message, 'sent');
  expect(await everpost.result(message)).toBe('sent');
  expect(await everpost.eventsOf(message)).toEqual(['message.accepted', 'message.sent']);
});

test('a message cancelled before its first attempt still has its accepted event', async () => {
  const message = await everpost.acceptOnly({ due: new Date(Date.now() + 3_000_000), sweep_at: null });
  await messages(everpost.store).cancel(message.account, message._id);
  const types = ['message.accepted', 'message.cancelled'];
  await expect.poll(() => everpost.eventsOf(message), { timeout: 60_000 }).toEqual(types);
});

test('the sweep marks a message that a stopped worker left in flight as uncertain and publishes it', async () => {
  const message = await everpost.acceptOnly({ state: 'sending', attempt: 1, token: 'gone' });
  await everpost.untilState(message, 'uncertain');
  await expect
    .poll(() => everpost.eventsOf(message), { timeout: 60_000 })
    .toEqual(['message.accepted', 'message.uncertain']);
  expect(mailsTo(message.to.email)).toEqual([]);
});
