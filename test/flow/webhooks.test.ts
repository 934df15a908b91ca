import { afterAll, beforeAll, expect, test } from 'vitest';
import { events } from '../../store/events.js';
import { river } from '../../store/river.js';
import { deliveries } from '../../store/webhook/deliveries.js';
import { type Endpoint, endpoints } from '../../store/webhook/endpoints.js';
import { SECRET } from '../support/flow/plan.js';
import { aWorld, type World } from '../support/flow/world.js';
import { type HookReceiver, hookReceiver } from '../support/hook-receiver.js';

const ACCOUNT = 1;
const EVENTS = 300;
let world: World;
const receivers: HookReceiver[] = [];
beforeAll(async () => {
  world = await aWorld();
});
afterAll(async () => {
  for (const receiver of receivers) await receiver.close();
  await world?.close();
});

async function receiving(script?: Parameters<typeof hookReceiver>[0]): Promise<HookReceiver> {
  const receiver = await hookReceiver(script);
  receivers.push(receiver);
  return receiver;
}

async function anEndpoint(url: string, format: Endpoint['format']): Promise<Endpoint> {
  const fields = { url, format, description: null, events: ['*'], ordered: false, cursor: 0 };
  return (await endpoints(world.store, SECRET).create(ACCOUNT, fields)).row;
}

/** Each append is one of its own, as they come from many processes. */
async function happen(first: number, count: number): Promise<void> {
  for (let n = first; n < first + count; n += 1) {
    await events(world.store).append([{ _id: `event:${n}`, account: ACCOUNT, type: 'campaign.sent', data: { n } }]);
  }
}

const idsAt = ({ hooks }: HookReceiver) =>
  hooks.map(({ headers }) => String(headers['webhook-id'] ?? headers['x-maily-delivery-id']));

test('killed between event and delivery, each endpoint gets each event, under its id, and a silent one delays nobody', {
  timeout: 100_000,
}, async () => {
  const silent = await receiving(() => undefined);
  const slowly = await receiving((_hook, _nth, answer) => {
    setTimeout(() => answer.writeHead(200).end(), 20);
    return undefined;
  });
  const quickly = await receiving(() => 204);
  await anEndpoint(silent.url, 'standard');
  const one = await anEndpoint(slowly.url, 'standard');
  await anEndpoint(quickly.url, 'maily');

  let worker = await world.worker();
  await happen(0, EVENTS / 2);
  await slowly.until((hooks) => hooks.length >= EVENTS / 6);
  await worker.end('SIGKILL');
  // Nobody hears of these: the sweep of the next worker finds them.
  await happen(EVENTS / 2, EVENTS / 2);
  worker = await world.worker();

  for (const receiver of [slowly, quickly]) await receiver.until(() => new Set(idsAt(receiver)).size >= EVENTS);
  await world.untilTrue(async () => {
    const found = await endpoints(world.store, SECRET).find(ACCOUNT, one._id);
    return typeof found === 'object' && found.cursor >= EVENTS && found.busy_until === null;
  });
  const told = await river(world.store).page(ACCOUNT, { limit: EVENTS + 1 });
  expect(told.map(({ seq }) => seq)).toEqual(Array.from({ length: EVENTS }, (_, n) => n + 1));
  const ids = new Set(told.map(({ evt }) => evt));
  for (const receiver of [slowly, quickly]) expect(new Set(idsAt(receiver))).toEqual(ids);
  // At least once: what was under way or not yet written down came twice, nothing else did.
  expect(slowly.hooks.length).toBeLessThanOrEqual(EVENTS + 100 + 32);
  const log = await deliveries(world.store).page(one, { limit: EVENTS + 1 });
  expect(log.filter(({ state }) => state === 'delivered')).toHaveLength(EVENTS);
  expect(silent.hooks.length).toBeGreaterThan(0);
});
