import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventLog } from '../../store/events/event-log.js';
import { events } from '../../store/events/events.js';
import type { Message } from '../../store/messages/row.js';
import { deliveries } from '../../store/webhooks/deliveries.js';
import { endpoints } from '../../store/webhooks/endpoints.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import { SECRET } from '../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../support/end-to-end/test-cluster.js';
import { type HookReceiver, hookReceiver } from '../support/scripted/hook-receiver.js';
import { anAcceptedMessage } from '../support/store/messages.js';

const EVENTS = 200;
let cluster: TestCluster;
/** The subject of all events. Every format has a payload for it. */
let message: Message;
const receivers: HookReceiver[] = [];
beforeAll(async () => {
  cluster = await aTestCluster();
  // Its own sending publishes no events here.
  message = await anAcceptedMessage(cluster.store, { state: 'sent', sweep_at: null });
});
afterAll(async () => {
  for (const receiver of receivers) await receiver.close();
  await cluster?.close();
});

async function receiving(script?: Parameters<typeof hookReceiver>[0]): Promise<HookReceiver> {
  const receiver = await hookReceiver(script);
  receivers.push(receiver);
  return receiver;
}

async function anEndpoint(url: string, format: Endpoint['format']): Promise<Endpoint> {
  const fields = { url, format, description: null, events: ['*'], ordered: false, cursor: 0 };
  return (await endpoints(cluster.store, SECRET).create(message.account, fields)).row;
}

async function rowOf({ account, _id }: Endpoint): Promise<Endpoint> {
  const found = await endpoints(cluster.store, SECRET).find(account, _id);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

/** Appends each event separately, as many processes do. */
async function happen(first: number, count: number): Promise<void> {
  for (let n = first; n < first + count; n += 1) {
    const { _id, account } = message;
    await events(cluster.store).append([
      { _id: `event:${n}`, account, type: 'message.sent', data: { message: _id, n } },
    ]);
  }
}

const idsAt = ({ hooks }: HookReceiver) =>
  hooks.map(({ headers }) => String(headers['webhook-id'] ?? headers['x-maily-delivery-id']));

test('after a kill between event and delivery, endpoints of each format get each event with its id; a silent one delays no other', {
  timeout: 200_000,
}, async () => {
  const silent = await receiving(() => undefined);
  const slowly = await receiving((_hook, _nth, answer) => {
    setTimeout(() => answer.writeHead(200).end(), 20);
    return undefined;
  });
  const quickly = await receiving(() => 204);
  const envie = await receiving();
  const never = await anEndpoint(silent.url, 'standard');
  const one = await anEndpoint(slowly.url, 'standard');
  await anEndpoint(quickly.url, 'maily');
  await anEndpoint(envie.url, 'envie');

  let worker = await cluster.worker();
  await happen(0, EVENTS / 2);
  await slowly.until((hooks) => hooks.length >= EVENTS / 6);
  await worker.end('SIGKILL');
  // No worker is notified of these events: the sweep of the next worker finds them.
  await happen(EVENTS / 2, EVENTS / 2);
  worker = await cluster.worker();

  const lively = [slowly, quickly, envie];
  for (const receiver of lively) await receiver.until(() => new Set(idsAt(receiver)).size >= EVENTS);
  await cluster.untilTrue(async () => {
    const { cursor, leased_until } = await rowOf(one);
    return cursor >= EVENTS && leased_until === null;
  });
  expect((await rowOf(never)).cursor).toBeLessThan(EVENTS);
  const logged = await eventLog(cluster.store).page(message.account, { limit: EVENTS + 1 });
  expect(logged.map(({ seq }) => seq)).toEqual(Array.from({ length: EVENTS }, (_, n) => n + 1));
  const ids = new Set(logged.map(({ public_id }) => public_id));
  for (const receiver of lively) expect(new Set(idsAt(receiver))).toEqual(ids);
  // Delivery is at least once: only events that were in flight or not yet recorded came twice.
  expect(slowly.hooks.length).toBeLessThanOrEqual(EVENTS + 100 + 32);
  const log = await deliveries(cluster.store).page(one, { limit: EVENTS + 1 });
  expect(log.filter(({ state }) => state === 'delivered')).toHaveLength(EVENTS);
  expect(silent.hooks.length).toBeGreaterThan(0);
});
