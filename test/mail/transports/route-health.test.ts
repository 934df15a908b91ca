import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useClock } from '../../../clock.js';
import type { ConnectionTrouble, Outcome } from '../../../domain/delivery/outcome.js';
import type { HandOverOrder } from '../../../mail/smtp/hand-over.js';
import { routeHealth } from '../../../mail/transports/route-health.js';
import type { Transport } from '../../../mail/transports/transport.js';
import { always, closingTestRoutes } from '../../support/mail/failover.js';
import { aMail } from '../../support/mail/letters.js';

const { started } = closingTestRoutes();

const START = Date.parse('2026-05-15T09:00:00Z');
let seconds = 0;
let restore: () => void;
beforeEach(() => {
  seconds = 0;
  restore = useClock({ now: () => new Date(START + seconds * 1_000) });
});
afterEach(() => restore());

const at = (second: number) => new Date(START + second * 1_000);
const REFUSED: ConnectionTrouble = { stage: 'connect', what: 'connect ECONNREFUSED 192.0.2.1:25' };
const accepted: Outcome = { kind: 'accepted', reply: { code: 250, text: '2.0.0 queued' } };
const refused = (code: number, text: string): Outcome => ({ kind: 'refused', reply: { code, text } });

/** A route whose mails get the outcomes that the test names, and the changes that it has reported. */
function aRoute() {
  const reported: boolean[] = [];
  const route = routeHealth({ longestWait: 60_000, changed: (isTransition) => reported.push(isTransition) });
  const open: ((outcome: Outcome) => void)[] = [];
  const transport = {
    send: (_mail: unknown, _order: HandOverOrder, settled: (outcome: Outcome) => void) => {
      open.push(settled);
    },
  } as unknown as Transport;
  const begin = () => void route.observed(transport).deliver(aMail(), always);
  const answer = (outcome: Outcome) => open.shift()?.(outcome);
  return {
    ...route,
    reported,
    begin,
    answer,
    mail: (outcome: Outcome) => {
      begin();
      answer(outcome);
    },
  };
}

describe('the state of a route', () => {
  test('is unknown until a connection is past AUTH', () => {
    const route = aRoute();
    expect(route.health()).toMatchObject({ state: 'unknown', error: null, accepted_at: null });
    route.connected();
    expect([route.health().state, route.reported]).toEqual(['up', [true]]);
  });

  test.each([
    ['down', 'connect', REFUSED],
    ['down', 'connect', { stage: 'connect', what: 'no session in time' }],
    ['down', 'tls', { stage: 'connect', what: 'ETLS certificate has expired' }],
    ['refusing_logins', 'login', { stage: 'connect', what: 'EAUTH AUTH PLAIN was refused: 535 5.7.8 no' }],
    ['refusing_logins', 'login', { stage: 'connect', what: 'ENOAUTH the server does not offer AUTH' }],
  ] as const)('is %s, with an error of phase %s, after %j', (state, phase, trouble) => {
    const route = aRoute();
    route.connected();
    seconds = 5;
    route.failed(trouble);
    expect(route.health()).toMatchObject({ state, since: at(5), error: { at: at(5), reply: trouble.what, phase } });
  });

  test.each([
    ['452 4.7.1 Hourly quota exceeded', 'rate_limited'],
    ['452 4.3.1 Insufficient system storage', 'rate_limited'],
    ['421 4.7.28 too much mail from your address', 'rate_limited'],
    ['421 4.3.2 shutting down', 'up'],
    ['550 5.1.1 no such user', 'up'],
  ])('after the reply %s is %s', (line, state) => {
    const route = aRoute();
    route.mail(accepted);
    route.mail(refused(Number(line.slice(0, 3)), line.slice(4)));
    expect(route.health().state).toBe(state);
    const isAboutRecipient = line.startsWith('550');
    expect(route.health().error).toEqual(isAboutRecipient ? null : { at: at(0), reply: line, phase: 'mail' });
  });

  test('a limit of the rate ends with the first accepted mail, not with a connection', () => {
    const route = aRoute();
    route.mail(refused(452, '4.7.1 Hourly quota exceeded'));
    route.connected();
    expect(route.health().state).toBe('rate_limited');
    seconds = 9;
    route.mail(accepted);
    expect(route.health()).toMatchObject({ state: 'up', since: at(9), accepted_at: at(9), error: { at: at(0) } });
  });

  test('mail that was not tried says nothing', () => {
    const route = aRoute();
    route.connected();
    route.mail({ kind: 'not_handed_over', why: REFUSED, untried: true });
    expect(route.health()).toMatchObject({ state: 'up', error: null });
  });

  test('no address of a reply is kept', () => {
    const route = aRoute();
    route.mail(refused(421, '4.3.2 not now for ada@example.org'));
    expect(route.health().error?.reply).toBe('421 4.3.2 not now for …');
  });
});

test('mails in flight are counted', () => {
  const route = aRoute();
  route.begin();
  route.begin();
  expect(route.health().in_flight).toBe(2);
  route.answer(accepted);
  expect(route.health().in_flight).toBe(1);
});

test('a route that stays down is looked at after 1 s, 2 s … 60 s; a look in between postpones nothing', () => {
  const route = aRoute();
  const next = () => Number(route.health().next_try) - START;
  const waits = [1, 2, 4, 8, 16, 32, 60, 60].map((wait) => {
    route.failed(REFUSED);
    const due = next();
    route.failed(REFUSED);
    expect([next(), route.reported.slice(-2)]).toEqual([due, [true, false]]);
    seconds = due / 1_000;
    return wait;
  });
  expect(seconds).toBe(waits.reduce((sum, wait) => sum + wait));
  route.connected();
  expect(route.health().next_try).toBeNull();
});

test('of several routes, the earliest next look counts; a server that does not answer is reported while it is awaited', async () => {
  const some = await started({
    script: { on: (step) => (step === 'connect' ? 'silence' : undefined) },
    sessionTimeout: 50,
  });
  void some.failover.ready();
  await expect.poll(() => some.table[0]?.monitor.retryAt()).toEqual(at(1));
  expect(some.failover.retryAt()).toEqual(at(1));
});

test('a login that is refused with an echo of the command does not reveal the password', async () => {
  const on = (step: string, argument: string) => (step === 'auth' ? `501 cannot decode ${argument}` : undefined);
  const some = await started({ login: 'user:topsecret', script: { extensions: ['AUTH PLAIN'], on } });
  const trouble = await some.failover.ready();
  expect(trouble?.what).toContain('501 cannot decode');
  for (const secret of ['topsecret', 'dXNlcgB0b3BzZWNyZXQ']) expect(trouble?.what).not.toContain(secret);
});
