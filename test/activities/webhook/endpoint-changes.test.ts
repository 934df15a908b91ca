import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { endpointNotifier } from '../../../activities/webhook/notifier.js';
import { useClock } from '../../../clock.js';
import type { Endpoint, EndpointFields } from '../../../store/webhooks/row.js';
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
const publishedData = async ({ account, _id }: Endpoint, type: string) => {
  const events = await fixture.store.db.collection('events').find({ account, type }).toArray();
  return events.map(({ data }) => data).filter(({ webhook }) => webhook === _id);
};

/** Advances all clocks; real time continues. */
let shift = 0;
function later(ms: number): void {
  shift += ms;
  const monotonic = () => performance.now() + shift;
  restore = useClock({ now: () => new Date(Date.now() + shift), monotonic });
}
afterEach(() => {
  shift = 0;
});

test.each(['ordered', 'unordered'])(
  'the failed deliveries of an %s endpoint are due once it is repaired',
  async (kind) => {
    const receiver = await receiving(() => 500);
    const { row } = await fixture.endpoint(account, receiver.url, { ordered: kind === 'ordered' });
    await fixture.appendEvents(account, names(2));
    await fixture.pass(row);
    const { deliveries } = fixture.deps;
    const at = new Date(Date.now() + shift);
    expect(await deliveries.due(row, at, 10)).toEqual([]);
    expect((await deliveries.nextDue(row))?.getTime()).toBeGreaterThan(at.getTime());
    await deliveries.retryAt(row, at);
    expect((await deliveries.due(row, at, 10)).length).toBeGreaterThan(0);
  },
);

describe('a change of an endpoint during a pass', () => {
  /** An ordered endpoint, changed when its second event arrives: its row, and the result of the pass. */
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

  test('to another URL: later events go there, and responses of the old URL do not count', async () => {
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

  test('to disabled: the pass ends, and delivery continues at the cursor once it is enabled again', async () => {
    const { row, receiver, result } = await changedAtTheSecond({ enabled: false });
    expect(result).toEqual({ kind: 'more', sequence: 2 });
    expect((await fixture.pass(row)).kind).toBe('off');
    expect(order(receiver)).toEqual(['0', '1']);
    await fixture.deps.endpoints.change(row.account, row._id, { enabled: true });
    expect(await fixture.row(row)).toMatchObject({ state: 'enabled', leased_until: null });
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 5 });
    expect(order(receiver)).toEqual(names(5));
  });

  test('to other events: only those are delivered, except for attempts in flight', async () => {
    const { row, receiver } = await changedAtTheSecond({ events: ['campaign.failed'] });
    expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 5 });
    expect(order(receiver)).toEqual(['0', '1']);
  });
});

test('a pass begins no attempt after its time; the next pass continues there', async () => {
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

test('a replay requested during an attempt is not overwritten by the result of that attempt', async () => {
  let row: Endpoint | undefined;
  const receiver = await receiving((_hook, nth, answer) => {
    if (nth > 1 || row === undefined) return 200;
    void fixture.replay(row).then(() => answer.writeHead(500).end('$state'));
    return undefined;
  });
  ({ row } = await fixture.endpoint(account, receiver.url));
  await fixture.appendEvents(account, ['once']);
  await fixture.pass(row);
  // It is due at once; a retry after a failure would be due in five seconds.
  expect(await fixture.pass(row)).toEqual({ kind: 'idle', sequence: 1 });
  const [line] = await fixture.log(row);
  expect(line).toMatchObject({ state: 'delivered', attempts: 1, due: null, seq: 1, type: 'campaign.sent' });
  expect(line?.tries.map(({ status, answer }) => [status, answer])).toEqual([
    [500, '$state'],
    [200, ''],
  ]);
});

test('a stop waits for attempts in flight and begins no more, also if an attempt waits for a slot', async () => {
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
  test.each(['disable', 'record', 'recordPass'])('survives a crash at %s', async (line) => {
    const receiver = await receiving(() => 410);
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, ['gone']);
    const killed = async () => Promise.reject(new Error('killed'));
    const { endpoints, deliveries } = fixture.deps;
    const dying = { endpoints: { ...endpoints, [line]: killed }, deliveries: { ...deliveries, [line]: killed } };
    await expect(fixture.pass(row, dying)).rejects.toThrow('killed');
    expect((await fixture.pass(row)).kind).toBe('off');
    expect(await fixture.row(row)).toMatchObject({ state: 'disabled', reason: 'gone' });
    expect(await publishedData(row, 'webhook.disabled')).toEqual([{ webhook: row._id, reason: 'gone' }]);
  });

  test('does not follow from an old failure alone: the endpoint is tried first', async () => {
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

describe('events that were deleted before an endpoint received them', () => {
  const forget = (upTo: number) => fixture.store.db.collection('events').deleteMany({ account, seq: { $lte: upTo } });

  test('are reported as an event and in the log, and delivery continues after them', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url, { cursor: 2, events: ['campaign.*'] });
    await fixture.appendEvents(account, names(8));
    await forget(5);
    expect((await fixture.pass(row)).kind).toBe('idle');
    expect(order(receiver)).toEqual(['5', '6', '7']);
    expect(await publishedData(row, 'webhook.missed')).toEqual([{ webhook: row._id, from: 3, to: 5 }]);
    const [line] = (await fixture.log(row)).filter(({ type }) => type === 'webhook.missed');
    expect(line).toMatchObject({ state: 'failed', due: null, tries: [{ status: null, error: 'events_forgotten' }] });
    await fixture.deps.eventLog.assignSequences(account);
    await fixture.pass(row);
    expect(await publishedData(row, 'webhook.missed')).toHaveLength(1);
  });

  test('are reported if no event is left', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, names(3));
    await forget(3);
    expect(await fixture.pass(row)).toMatchObject({ sequence: 3 });
    expect(await publishedData(row, 'webhook.missed')).toEqual([{ webhook: row._id, from: 1, to: 3 }]);
  });

  test('start a pass by themselves, without any other event for the endpoint', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url, { events: ['campaign.failed'] });
    await fixture.appendEvents(account, names(3));
    await forget(2);
    const woken: number[] = [];
    const engine = { notifyEndpoint: async ({ _id }: { _id: number }) => void woken.push(_id) };
    await endpointNotifier({ ...fixture.deps, engine, log: { warn: () => undefined } })(account);
    expect(woken).toEqual([row._id]);
  });

  test('are not reported to an endpoint that had received them', async () => {
    const receiver = await receiving();
    const { row } = await fixture.endpoint(account, receiver.url);
    await fixture.appendEvents(account, names(3));
    await fixture.pass(row);
    await forget(3);
    await fixture.appendEvents(account, ['next']);
    await fixture.pass(row);
    expect(order(receiver)).toEqual([...names(3), 'next']);
    expect(await publishedData(row, 'webhook.missed')).toEqual([]);
  });
});
