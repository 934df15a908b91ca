import { expect, test } from 'vitest';
import { always, closingTestRoutes } from '../../support/mail/failover.js';
import { aMail } from '../../support/mail/letters.js';

const { started } = closingTestRoutes();

const limited = { route: { rates: [{ key: 'transport:x', perSecond: 10 }] } };

test('a rate that the claim has paid is not paid again', async () => {
  const some = await started(limited, limited);
  await some.failover.deliver(aMail(), { ...always, paid: 'a' });
  expect(some.paid).toEqual([]);
});

test('a message that has paid no rate pays that of its transport', async () => {
  const some = await started(limited, limited);
  await some.failover.deliver(aMail(), always);
  expect(some.paid).toEqual(['a']);
});

test('a mail that changes its transport pays there too', async () => {
  const dropping = { script: { on: () => 'drop' }, ...limited };
  const some = await started(dropping, limited);
  await some.failover.deliver(aMail(), { ...always, paid: 'a' });
  expect(some.paid).toEqual(['b']);
  expect(some.servers[1]?.accepted).toHaveLength(1);
});

test('a mail uses the transport it has paid, also when a preferred one is up again', async () => {
  const some = await started(limited, limited);
  await some.failover.deliver(aMail(), { ...always, paid: 'b' });
  expect(some.servers.map(({ accepted }) => accepted.length)).toEqual([0, 1]);
});

test('the queue of a removed transport moves to the next, open mail is finished', async () => {
  const some = await started({ route: { connections: 1 } }, {});
  const [first, second] = some.servers;
  const letGo = first?.hold();
  const begun = some.failover.deliver(aMail(), always);
  await first?.untilStep('dot', 1);
  const queued = some.failover.deliver(aMail({ id: 43 }), always);
  const [removed] = some.table.splice(0, 1);
  const closed = removed?.monitor.transport.close();
  expect((await queued).kind).toBe('accepted');
  expect(second?.accepted).toHaveLength(1);
  letGo?.();
  expect((await begun).kind).toBe('accepted');
  await closed;
  expect(first?.accepted).toHaveLength(1);
  expect(some.logged).toEqual([]);
});
