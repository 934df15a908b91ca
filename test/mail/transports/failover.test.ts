import { describe, expect, test } from 'vitest';
import { always, closingTestRoutes, type TestRoutes } from '../../support/mail/failover.js';
import { aMail } from '../../support/mail/letters.js';
import { smtpServer } from '../../support/scripted/smtp-server.js';
import { quietPort } from '../../support/servers/quiet-port.js';
import { until } from '../../support/until.js';

const { started, open } = closingTestRoutes();

const accepted = ({ servers }: TestRoutes) => servers.map((server) => server.accepted.length);
const at = (step: string, act: string) => ({ script: { on: (asked: string) => (asked === step ? act : undefined) } });
const deliverMany = ({ failover }: TestRoutes, count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, id) => failover.deliver(aMail({ id, email: `r${id}@x.test` }), always)),
  );

test('the first transport sends all mail, the others open no connection', async () => {
  const some = await started({}, {});
  expect(await some.failover.ready()).toBeUndefined();
  expect(some.failover.route()?.id).toBe('a');
  await deliverMany(some, 10);
  expect(accepted(some)).toEqual([10, 0]);
  expect(some.servers[1]?.steps.connect).toBe(0);
});

describe('the next takes over', () => {
  const refusingLogin = {
    login: 'user:password',
    script: {
      extensions: ['AUTH PLAIN'],
      on: (step: string) => (step === 'auth' ? '535 5.7.8 wrong password' : undefined),
    },
  };
  test.each([
    ['refuses the connection', at('connect', '554 5.7.1 go away')],
    ['breaks it', at('connect', 'drop')],
    ['refuses the login', refusingLogin],
  ])('if the first %s: it is down from then on', async (_, plan) => {
    const some = await started(plan, {});
    expect((await some.failover.deliver(aMail(), always)).kind).toBe('accepted');
    expect(await some.failover.ready()).toBeUndefined();
    expect(some.failover.route()?.id).toBe('b');
    expect(accepted(some)).toEqual([0, 1]);
    expect(some.logged.filter((word) => word === 'transport is down a')).toHaveLength(1);
  });

  test('if the first does not answer: after a short wait', async () => {
    const some = await started({ ...at('connect', 'silence'), sessionTimeout: 500 }, {});
    expect(await some.failover.ready()).toBeUndefined();
    expect(some.failover.route()?.id).toBe('b');
  });

  test('after too many refusals in a row: refused mail stays refused', async () => {
    const some = await started(at('mail', '421 4.3.2 shutting down'), {});
    const kinds = [];
    for (let id = 0; id < 15; id += 1) kinds.push((await some.failover.deliver(aMail({ id }), always)).kind);
    expect(kinds).toEqual([...Array(10).fill('refused'), ...Array(5).fill('accepted')]);
    expect(accepted(some)).toEqual([0, 5]);
  });

  test('if both of its connections end before the body, for that mail alone', async () => {
    const some = await started(at('data', 'drop'), {});
    expect((await some.failover.deliver(aMail(), always)).kind).toBe('accepted');
    expect(some.servers[0]?.steps).toMatchObject({ data: 2, body: 0 });
    expect(some.logged).toEqual([]);
  });
});

describe('a mail does not move', () => {
  test.each([
    ['dropped after the dot', at('dot', 'drop'), 'uncertain'],
    ['dropped in its body', at('body', 'drop'), 'uncertain'],
    ['refused after the dot', at('dot', '554 5.7.1 spam'), 'refused'],
    ['refused for its recipient', at('rcpt', '550 5.1.1 unknown'), 'refused'],
    ['greylisted', at('rcpt', '451 4.7.1 later'), 'refused'],
  ])('once it was %s', async (_, plan, kind) => {
    const some = await started(plan, {});
    expect((await some.failover.deliver(aMail(), always)).kind).toBe(kind);
    expect(some.servers[1]?.steps.connect).toBe(0);
  });

  test('once its sender may no longer begin', async () => {
    const some = await started(at('connect', 'drop'), {});
    let asked = 0;
    const order = { ...always, mayBegin: () => asked++ < 2 };
    expect((await some.failover.deliver(aMail(), order)).kind).toBe('not_handed_over');
    expect(some.servers[1]?.steps.connect).toBe(0);
  });
});

test('a server that dies in between: each mail arrives once over both, or is uncertain', async () => {
  const some = await started({ route: { connections: 4 } }, { route: { connections: 4 } });
  const [first, second] = some.servers;
  const all = deliverMany(some, 80);
  await first?.untilAccepted(30);
  await first?.close();
  const kinds = (await all).map(({ kind }) => kind);
  expect(new Set(kinds)).toEqual(new Set(kinds.includes('uncertain') ? ['accepted', 'uncertain'] : ['accepted']));
  const arrived = [...(first?.accepted ?? []), ...(second?.accepted ?? [])].map(({ to }) => to[0]);
  expect(new Set(arrived).size).toBe(arrived.length);
  const uncertain = kinds.filter((kind) => kind === 'uncertain').length;
  expect(uncertain).toBeLessThanOrEqual(4);
  expect(arrived.length).toBeGreaterThanOrEqual(80 - uncertain);
  expect(some.failover.route()?.id).not.toBe('a');
}, 60_000);

test('the first is used again when it is up again', async () => {
  const port = await quietPort();
  const some = await started({ script: { port } }, {});
  const [first] = some.servers;
  await first?.close();
  expect(await some.failover.ready()).toBeUndefined();
  expect(some.failover.route()?.id).toBe('b');
  const again = await smtpServer({ port });
  open.push(again);
  await until(async () => {
    await some.failover.ready();
    return some.failover.route()?.id === 'a';
  });
  await deliverMany(some, 5);
  expect(again.accepted).toHaveLength(5);
  expect(some.logged.at(-1)).toBe('transport is back a');
});

test('a server that refuses one more connection is not down', async () => {
  const greeting = (step: string, _: string, nth: number) =>
    step === 'connect' && nth > 1 ? '421 4.7.0 too many connections' : undefined;
  const some = await started({ script: { on: greeting }, route: { connections: 3 } }, {});
  expect(new Set((await deliverMany(some, 30)).map(({ kind }) => kind))).toEqual(new Set(['accepted']));
  expect(some.logged).toEqual([]);
  expect(some.servers[0]?.accepted.length).toBeGreaterThan(0);
});

test('all are down: the mail is not handed over, and ready returns the reason', async () => {
  const some = await started(at('connect', 'drop'), at('connect', 'drop'));
  expect((await some.failover.deliver(aMail(), always)).kind).toBe('not_handed_over');
  expect(await some.failover.ready()).toMatchObject({ stage: 'connect' });
  expect(some.failover.route()).toBeUndefined();
});
