import { afterAll, beforeAll, expect, test } from 'vitest';
import { messagePublisher } from '../../../activities/message/publishing.js';
import { webhookActivities } from '../../../activities/webhook/delivery.js';
import type { MessageAttempt } from '../../../domain/message/message.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { messageProgress } from '../../../store/messages/progress.js';
import type { Message } from '../../../store/messages/row.js';
import { webClient } from '../../../web/client.js';
import { anApi, type TestApi } from '../../support/api/api.js';
import { FIREFOX, visit } from '../../support/api/tracking.js';
import { type HookReceiver, hookReceiver } from '../../support/scripted/hook-receiver.js';
import { anAcceptedMessage } from '../../support/store/messages.js';

const SHOP = 'https://loja.test/cha?tamanho=1';
const ACCEPTED_AT = new Date('2026-05-17T09:58:00Z');
const SENT_AT = '2026-05-17T09:59:00.000Z';
const web = webClient({ exceptions: ['127.0.0.1'] });
let api: TestApi;
let receiver: HookReceiver;
let row: Message;

const attempt = (outcome: MessageAttempt['outcome'], at: string, over: Partial<MessageAttempt> = {}) =>
  ({ n: 1, at, outcome, class: 'transient', code: '4.3.0', reply: '451 4.3.0 wait', next: null, ...over }) as const;
const TIMELINE: readonly MessageAttempt[] = [
  attempt('deferred', '2026-05-17T09:58:01.000Z', { next: '2026-05-17T09:58:30.000Z' }),
  attempt('deferred', '2026-05-17T09:58:30.000Z', { class: 'ip_blocked', reply: '451 4.7.1 listed', next: SENT_AT }),
  attempt('sent', SENT_AT, { class: 'accepted', code: '250', reply: '250 2.0.0 queued' }),
];

beforeAll(async () => {
  api = await anApi();
  receiver = await hookReceiver();
  const { account } = api;
  const tagged = { account, tags: ['pedido', 'loja'], created_at: ACCEPTED_AT, track: true, number: 4_012 };
  const attempted = { attempt: 3, attempts: [...TIMELINE], state: 'sent' as const, sweep_at: null };
  row = await anAcceptedMessage(api.store, { ...tagged, ...attempted });
});
afterAll(async () => {
  await web.close();
  await receiver?.close();
  await api?.close();
});

/** The payloads that a worker posts to an envie endpoint while `happens` runs, in order. */
async function delivered(happens: () => Promise<unknown>): Promise<unknown[]> {
  const { account, deps } = api;
  const fields = { url: receiver.url, format: 'envie' as const, description: null, events: ['*'], ordered: true };
  const endpoint = await deps.endpoints.create(account, {
    ...fields,
    cursor: await deps.eventLog.assignSequences(account),
  });
  await happens();
  await deps.eventLog.assignSequences(account);
  const known = receiver.hooks.length;
  const stopping = new AbortController().signal;
  const { deliverEvents } = webhookActivities({ ...deps, web, heartbeat: () => undefined, stopping });
  expect((await deliverEvents({ account, endpoint: endpoint.row._id })).kind).toBe('idle');
  await deps.endpoints.remove(account, endpoint.row._id);
  return receiver.hooks.slice(known).map(({ body }) => JSON.parse(body));
}

const timestamp = expect.any(Number);
const details = expect.stringMatching(/^The .+\.$/);
const brief = () => ({ id: 4_012, to: row.to.email, timestamp: Date.parse(SENT_AT) / 1_000, tag: 'pedido' });
const whole = () => ({ ...brief(), from: 'codes@example.test' });

test('the outcome of a message is posted in the documented shapes, field by field', async () => {
  const refused = { ...row, _id: '01890a5d-ac96-7aa1-8d3c-5a0f3f0f8a11', group: row.group };
  const failed = attempt('failed', SENT_AT, { class: 'invalid_recipient', reply: '550 5.1.1 no such user' });
  const posted = await delivered(async () => {
    const publish = messagePublisher({ ...api.deps, messageProgress: messageProgress(api.store, 1_000) });
    await publish(row);
    const number = 4_013;
    await publish(await anAcceptedMessage(api.store, { ...refused, number, attempts: [failed], state: 'failed' }));
  });
  const waiting = { ...brief(), timestamp: ACCEPTED_AT.getTime() / 1_000 };
  const missing = { ...waiting, id: 4_013 };
  const output = '550 5.1.1 no such user';
  expect(posted).toStrictEqual([
    { event: 'MessageDelayed', timestamp, payload: { details, output: '451 4.3.0 wait', message: waiting } },
    { event: 'MessageHeld', timestamp, payload: { details, output: '451 4.7.1 listed', message: waiting } },
    { event: 'MessageSent', payload: { output: '250 2.0.0 queued', details, message: whole() } },
    { event: 'MessageDeliveryFailed', timestamp, payload: { details, output, message: missing } },
  ]);
});

test('opens and clicks are posted in the documented shapes, field by field', async () => {
  await api.deps.links.number({ kind: 'message', account: api.account, id: row.number, uuid: row._id }, [SHOP]);
  const token = linkTokens(await api.deps.linkKeys.ring()).forMessage(api.account, row.number, ACCEPTED_AT);
  const posted = await delivered(async () => {
    await visit(api, `/o/${token}.gif`);
    await visit(api, `/c/${token}/1`);
  });
  const seen = { ip_address: '127.0.0.0', user_agent: FIREFOX, message: whole() };
  expect(posted).toStrictEqual([
    { event: 'MessageLoaded', timestamp, payload: seen },
    { event: 'MessageLinkClicked', timestamp, payload: { url: SHOP, token, ...seen } },
  ]);
});
