import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { now, useClock } from '../../../clock.js';
import type { Endpoint } from '../../../store/webhooks/row.js';
import { bodySignature } from '../../../web/webhook/request.js';
import { type WebhookFixture, webhookFixture } from '../../support/activities/webhook-fixture.js';
import { type HookReceiver, type HookScript, hookReceiver } from '../../support/scripted/hook-receiver.js';

let fixture: WebhookFixture;
let account = 0;
const receivers: HookReceiver[] = [];
let restore = () => {};

beforeAll(async () => {
  fixture = await webhookFixture();
});
afterEach(async () => {
  restore();
  for (const receiver of receivers.splice(0)) await receiver.close();
});
afterAll(() => fixture?.close());

async function receiving(script?: HookScript): Promise<HookReceiver> {
  const receiver = await hookReceiver(script);
  receivers.push(receiver);
  account += 1;
  return receiver;
}

const names = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);
const said = (receiver: HookReceiver) => receiver.hooks.map(({ body }) => JSON.parse(body));
const order = (receiver: HookReceiver) => said(receiver).map(({ data }) => data.n);

/** Advances the time; repeated calls add up. */
let shift = 0;
function later(ms: number): void {
  shift += ms;
  restore = useClock({ now: () => new Date(Date.now() + shift) });
}
afterEach(() => {
  shift = 0;
});

describe('the event stream', () => {
  test('is delivered in order, signed, under the ids of the events, and the cursor moves', async () => {
    const receiver = await receiving();
    const { row, secret } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, names(5));
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 5 });
    expect(order(receiver)).toEqual(names(5));
    const events = await fixture.deps.eventLog.page(account, { limit: 10 });
    expect(receiver.hooks.map(({ headers }) => headers['webhook-id'])).toEqual(
      events.map(({ public_id }) => public_id),
    );
    for (const { body, headers } of receiver.hooks) {
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
        type: 'campaign.sent',
      });
    }
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 5 });
    expect(receiver.hooks).toHaveLength(5);
    expect(await fixture.log(row)).toHaveLength(5);
  });

  test('has up to 32 deliveries in flight and begins them in order', async () => {
    const waiting: (() => void)[] = [];
    const receiver = await receiving((_hook, _nth, answer) => {
      waiting.push(() => answer.writeHead(200).end());
      if (waiting.length === 32) for (const answerNow of waiting.splice(0)) answerNow();
      return undefined;
    });
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, names(64));
    await fixture.pass(row);
    expect(receiver.hooks).toHaveLength(64);
    expect(receiver.mostAtOnce()).toBe(32);
    expect(order(receiver).slice(0, 32).sort()).toEqual(names(32).sort());
  });

  test('skips events that were not requested and moves the cursor past them', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url, { events: ['campaign.failed'] });
    await fixture.appendEvents(account, names(3));
    await fixture.appendEvents(account, ['x'], { type: 'campaign.failed' });
    await fixture.appendEvents(account, ['y']);
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 5 });
    expect(order(receiver)).toEqual(['x']);
  });

  test('repeats a delivery whose result could not be written, under the same id', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url, { format: 'maily' });
    await fixture.appendEvents(account, names(3));
    const lost = { ...fixture.deps.deliveries, record: async () => Promise.reject(new Error('killed')) };
    await expect(fixture.pass(row, { deliveries: lost })).rejects.toThrow('killed');
    expect((await fixture.row(row)).cursor).toBe(0);
    await fixture.pass(row);
    const ids = receiver.hooks.map(({ headers }) => headers['x-maily-delivery-id']);
    expect(ids.slice(0, 3)).toEqual(ids.slice(3));
  });
});

describe('a failed delivery', () => {
  /** Answers events of this type with the statuses in turn, and all others with success. */
  const failing = (name: string, ...statuses: number[]): HookScript => {
    let n = 0;
    return ({ body }) => (JSON.parse(body).data.n === name ? (statuses[n++] ?? 200) : 200);
  };

  test('is retried while later events are delivered, and is in the log', async () => {
    const receiver = await receiving(failing('1', 500, 503));
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, names(4));
    expect(await fixture.pass(row)).toMatchObject({ kind: 'waiting', sequence: 4 });
    later(5_100);
    expect(await fixture.pass(row)).toMatchObject({ kind: 'waiting', sequence: 4 });
    // Five minutes after the second attempt, whatever the duration of this test.
    later(240_000);
    expect((await fixture.pass(row)).kind).toBe('waiting');
    later(61_000);
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 4 });
    expect(order(receiver)).toEqual(['0', '1', '2', '3', '1', '1']);
    const [entry] = (await fixture.log(row)).filter(({ tries }) => tries.length > 1);
    expect(entry).toMatchObject({ state: 'delivered', attempts: 3, due: null });
    expect(entry?.tries.map(({ status }) => status)).toEqual([500, 503, 200]);
  });

  test('holds back all later events of an ordered endpoint, which gets one at a time', async () => {
    const receiver = await receiving(failing('1', 500));
    const { row } = await fixture.endpoint(account, receiver.url, { ordered: true });
    await fixture.appendEvents(account, names(4));
    expect((await fixture.pass(row)).kind).toBe('waiting');
    expect(order(receiver)).toEqual(['0', '1']);
    later(5_100);
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 4 });
    expect(order(receiver)).toEqual(['0', '1', '1', '2', '3']);
    expect(receiver.mostAtOnce()).toBe(1);
  });

  test('with Retry-After holds back all deliveries until that time', async () => {
    const receiver = await receiving((_hook, nth, answer) => {
      if (nth > 1) return 200;
      answer.writeHead(429, { 'retry-after': '60' }).end();
      return undefined;
    });
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, ['first']);
    await fixture.pass(row);
    await fixture.appendEvents(account, ['second']);
    expect((await fixture.pass(row)).kind).toBe('waiting');
    expect(receiver.hooks).toHaveLength(1);
    later(61_000);
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 2 });
    expect(receiver.hooks).toHaveLength(3);
  });

  test('in every slot of the window makes the endpoint rest; no event is skipped', async () => {
    let broken = true;
    const receiver = await receiving(() => (broken ? 500 : 200));
    const { row } = await fixture.endpoint(account, receiver.url, { format: 'maily' });
    await fixture.appendEvents(account, names(200));
    const first = await fixture.pass(row);
    expect(first.kind).toBe('waiting');
    expect(receiver.hooks.length).toBeLessThan(100);
    broken = false;
    later(60_000);
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 200 });
    expect(receiver.hooks).toHaveLength(200);
    expect(await fixture.row(row)).toMatchObject({ failures: 0, failing_since: null });
  });
});

describe('an endpoint', () => {
  const disabledEvents = async ({ account, _id }: Endpoint) => {
    const events = fixture.store.db.collection('events').find({ account, type: 'webhook.disabled' });
    return (await events.toArray()).map(({ data }) => data).filter(({ webhook }) => webhook === _id);
  };

  test('that answers 410 is disabled, with an event', async () => {
    const receiver = await receiving(() => 410);
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, ['gone']);
    expect((await fixture.pass(row)).kind).toBe('off');
    expect(await fixture.row(row)).toMatchObject({ state: 'disabled', reason: 'gone' });
    expect(await disabledEvents(row)).toEqual([{ webhook: row._id, reason: 'gone' }]);
    expect((await fixture.pass(row)).kind).toBe('off');
    expect(receiver.hooks).toHaveLength(1);
  });

  test('that fails for five days is disabled, with an event', async () => {
    const receiver = await receiving(() => 500);
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, ['first']);
    await fixture.pass(row);
    later(4 * 24 * 3_600_000);
    expect((await fixture.pass(row)).kind).toBe('waiting');
    later(25 * 3_600_000);
    await fixture.appendEvents(account, ['second']);
    expect((await fixture.pass(row)).kind).toBe('off');
    expect(await disabledEvents(row)).toEqual([{ webhook: row._id, reason: 'failing' }]);
  });

  test('of the maily format is tried once, counts consecutive failures and stays enabled', async () => {
    const receiver = await receiving(({ body }) => (JSON.parse(body).data.n === '2' ? 204 : 410));
    const { row, secret } = await fixture.endpoint(account, receiver.url, { format: 'maily' });
    await fixture.appendEvents(account, names(2));
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 2 });
    expect(await fixture.row(row)).toMatchObject({ failures: 2, state: 'enabled' });
    await fixture.appendEvents(account, ['2']);
    await fixture.pass(row);
    expect((await fixture.row(row)).failures).toBe(0);
    expect(receiver.hooks).toHaveLength(3);
    for (const { body, headers } of receiver.hooks) {
      expect(headers['x-maily-event']).toBe('campaign.sent');
      expect(headers['x-maily-signature']).toBe(bodySignature(body, secret));
      expect(headers['x-maily-delivery-id']).toBe(JSON.parse(body).id);
    }
  });

  test('becomes idle only if no event arrived since its last read', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, ['first']);
    const meanwhile = {
      ...fixture.deps.deliveries,
      nextDue: async () => {
        await fixture.appendEvents(account, ['second']);
        return null;
      },
    };
    expect((await fixture.pass(row, { deliveries: meanwhile })).kind).toBe('more');
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 2 });
    expect(await fixture.row(row)).toMatchObject({ sweep_at: null, leased_until: null });
    expect(now().getTime()).toBeGreaterThan(0);
  });
});
