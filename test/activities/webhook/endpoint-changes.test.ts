import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { endpointNotifier } from '../../../activities/webhook/notifier.js';
import { useClock } from '../../../clock.js';
import type { Endpoint, EndpointFields } from '../../../store/webhooks/endpoints.js';
import { type WebhookFixture, webhookFixture } from '../../support/activities/webhook-fixture.js';
import { type HookReceiver, type HookScript, hookReceiver } from '../../support/scripted/hook-receiver.js';

let fixture: WebhookFixture;
let account = 100;
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
const order = (receiver: HookReceiver) => receiver.hooks.map(({ body }) => JSON.parse(body).data.n);
const told = async ({ account, _id }: Endpoint, type: string) => {
  const events = await fixture.store.db.collection('events').find({ account, type }).toArray();
  return events.map(({ data }) => data).filter(({ webhook }) => webhook === _id);
};

/** All clocks go on by so much; real time goes on beside it. */
let shift = 0;
function later(ms: number): void {
  shift += ms;
  const monotonic = () => performance.now() + shift;
  restore = useClock({ now: () => new Date(Date.now() + shift), monotonic });
}
afterEach(() => {
  shift = 0;
});

describe('whoever changes an endpoint while a pass is under way', () => {
  /** An ordered endpoint, changed as its second event arrives: the row, and what became of the pass. */
  async function changedAtTheSecond(change: EndpointFields, status = 200) {
    let row: Endpoint | undefined;
    const receiver = await receiving((_hook, nth, answer) => {
      if (nth !== 2 || row === undefined) return 200;
      later(2_000);
      void fixture.deps.endpoints.change(row.account, row._id, change).then(() => answer.writeHead(status).end());
      return undefined;
    });
    ({ row } = await fixture.endpoint(account, receiver.url, { ordered: true }));
    await fixture.appendEvents(account, names(5));
    return { row, receiver, result: await fixture.pass(row) };
  }

  test('to another URL: what follows goes there, and what the old one said does not count', async () => {
    const fresh = await hookReceiver();
    const { row, receiver, result } = await changedAtTheSecond({ url: fresh.url }, 410);
    expect(result).toEqual({ kind: 'more', sequence: 2 });
    expect(await fixture.row(row)).toMatchObject({ state: 'enabled', failures: 0, cursor: 2 });
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 5 });
    expect([order(receiver), order(fresh)]).toEqual([
      ['0', '1'],
      ['2', '3', '4'],
    ]);
    await fresh.close();
  });

  test('to nothing: it is off within the pass, and goes on at its place once it is on again', async () => {
    const { row, receiver, result } = await changedAtTheSecond({ enabled: false });
    expect(result).toEqual({ kind: 'more', sequence: 2 });
    expect((await fixture.pass(row)).kind).toBe('off');
    expect(order(receiver)).toEqual(['0', '1']);
    await fixture.deps.endpoints.change(row.account, row._id, { enabled: true });
    expect(await fixture.row(row)).toMatchObject({ state: 'enabled', leased_until: null });
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 5 });
    expect(order(receiver)).toEqual(names(5));
  });

  test('to other events: only those are delivered of what was not under way', async () => {
    const { row, receiver } = await changedAtTheSecond({ events: ['campaign.failed'] });
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 5 });
    expect(order(receiver)).toEqual(['0', '1']);
  });
});

test('a pass begins nothing after its time; the next goes on behind it', async () => {
  const receiver = await receiving((_hook, nth) => {
    if (nth === 40) later(25_000);
    return 200;
  });
  const { row } = await fixture.endpoint(account, receiver.url);
  await fixture.appendEvents(account, names(200));
  expect((await fixture.pass(row)).kind).toBe('more');
  expect(receiver.hooks.length).toBeLessThan(100);
  expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 200 });
  expect(new Set(order(receiver))).toEqual(new Set(names(200)));
  expect(receiver.hooks).toHaveLength(200);
});

test('a replay that is asked for while the event is under way is not lost to the answer of that attempt', async () => {
  let row: Endpoint | undefined;
  const receiver = await receiving((_hook, nth, answer) => {
    if (nth > 1 || row === undefined) return 200;
    void fixture.replay(row).then(() => answer.writeHead(500).end('$state'));
    return undefined;
  });
  ({ row } = await fixture.endpoint(account, receiver.url));
  await fixture.appendEvents(account, ['once']);
  await fixture.pass(row);
  // It is due at once; the time of a second try after a failure is five seconds away.
  expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 1 });
  const [line] = await fixture.log(row);
  expect(line).toMatchObject({ state: 'delivered', attempts: 1, due: null, seq: 1, type: 'campaign.sent' });
  expect(line?.tries.map(({ status, answer }) => [status, answer])).toEqual([
    [500, '$state'],
    [200, ''],
  ]);
});

test('a stop waits for what is under way and begins nothing more, also where an attempt waits for room', async () => {
  const stop = new AbortController();
  const waiting: (() => void)[] = [];
  const receiver = await receiving((_hook, nth, answer) => {
    if (nth > 32) return 200;
    waiting.push(() => answer.writeHead(200).end());
    if (nth < 32) return undefined;
    stop.abort();
    for (const answerNow of waiting) answerNow();
    return undefined;
  });
  const { row } = await fixture.endpoint(account, receiver.url);
  await fixture.appendEvents(account, names(64));
  expect(await fixture.pass(row, { stopping: stop.signal })).toEqual({ kind: 'more', sequence: 32 });
  expect(receiver.hooks).toHaveLength(32);
  expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 64 });
  expect(receiver.hooks).toHaveLength(64);
});

describe('the end of an endpoint', () => {
  test.each(['disable', 'record', 'recordPass'])('is not forgotten by a crash at %s', async (line) => {
    const receiver = await receiving(() => 410);
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, ['gone']);
    const killed = async () => Promise.reject(new Error('killed'));
    const { endpoints, deliveries } = fixture.deps;
    const dying = { endpoints: { ...endpoints, [line]: killed }, deliveries: { ...deliveries, [line]: killed } };
    await expect(fixture.pass(row, dying)).rejects.toThrow('killed');
    expect((await fixture.pass(row)).kind).toBe('off');
    expect(await fixture.row(row)).toMatchObject({ state: 'disabled', reason: 'gone' });
    expect(await told(row, 'webhook.disabled')).toEqual([{ webhook: row._id, reason: 'gone' }]);
  });

  test('does not come for what failed long ago: it is tried first', async () => {
    let broken = true;
    const receiver = await receiving(() => (broken ? 500 : 200));
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, ['first']);
    await fixture.pass(row);
    broken = false;
    later(6 * 24 * 3_600_000);
    await fixture.appendEvents(account, ['second']);
    expect((await fixture.pass(row)).kind).toBe('idle');
    expect(await fixture.row(row)).toMatchObject({ state: 'enabled', failures: 0, failing_since: null });
  });
});

describe('events that were forgotten before an endpoint got them', () => {
  const forget = (upTo: number) => fixture.store.db.collection('events').deleteMany({ account, seq: { $lte: upTo } });

  test('are told as an event and in its log, and it goes on behind them', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url, { cursor: 2, events: ['campaign.*'] });
    await fixture.appendEvents(account, names(8));
    await forget(5);
    expect((await fixture.pass(row)).kind).toBe('idle');
    expect(order(receiver)).toEqual(['5', '6', '7']);
    expect(await told(row, 'webhook.missed')).toEqual([{ webhook: row._id, from: 3, to: 5 }]);
    const [line] = (await fixture.log(row)).filter(({ type }) => type === 'webhook.missed');
    expect(line).toMatchObject({ state: 'failed', due: null, tries: [{ status: null, error: 'events_forgotten' }] });
    await fixture.deps.eventLog.assignSequences(account);
    await fixture.pass(row);
    expect(await told(row, 'webhook.missed')).toHaveLength(1);
  });

  test('are told where nothing is left', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, names(3));
    await forget(3);
    expect(await fixture.pass(row)).toMatchObject({ sequence: 3 });
    expect(await told(row, 'webhook.missed')).toEqual([{ webhook: row._id, from: 1, to: 3 }]);
  });

  test('wake it by themselves, although nothing else is for it', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url, { events: ['campaign.failed'] });
    await fixture.appendEvents(account, names(3));
    await forget(2);
    const woken: number[] = [];
    const engine = { notifyEndpoint: async ({ _id }: { _id: number }) => void woken.push(_id) };
    await endpointNotifier({ ...fixture.deps, engine, log: { warn: () => undefined } })(account);
    expect(woken).toEqual([row._id]);
  });

  test('one that had them already has missed nothing', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, names(3));
    await fixture.pass(row);
    await forget(3);
    await fixture.appendEvents(account, ['next']);
    await fixture.pass(row);
    expect(order(receiver)).toEqual([...names(3), 'next']);
    expect(await told(row, 'webhook.missed')).toEqual([]);
  });
});
