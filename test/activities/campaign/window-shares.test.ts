import { expect, test } from 'vitest';
import { windowShares } from '../../../activities/campaign/window-shares.js';

const CONNECTIONS = 6;

/** An attempt with mails in flight, on a route. */
function anAttempt(shares: ReturnType<typeof windowShares>, account: number, inFlight = 0, route = 'default') {
  let notified = 0;
  const notify = () => {
    notified += 1;
  };
  const member = shares.join({ account, route: () => route, inFlight: () => inFlight, notify });
  return { ...member, notified: () => notified, window: () => member.size(CONNECTIONS, null) };
}

test('an attempt that is alone has four mails for each connection', () => {
  const only = anAttempt(windowShares(), 1);
  expect([only.window(), only.room(CONNECTIONS)]).toEqual([24, 24]);
});

test('accounts share the window first, then the attempts of an account', () => {
  const shares = windowShares();
  const many = [1, 2, 3, 4].map(() => anAttempt(shares, 1));
  const other = anAttempt(shares, 2);
  expect(many.map(({ window }) => window())).toEqual([3, 3, 3, 3]);
  expect(other.window()).toBe(12);
  for (const one of many) one.leave();
  expect(other.window()).toBe(24);
});

test('an attempt waits for the room that others still take up, on its own route', () => {
  const shares = windowShares();
  anAttempt(shares, 1, 20);
  anAttempt(shares, 1, 24, 'another');
  expect(anAttempt(shares, 2).room(CONNECTIONS)).toBe(4);
});

test('an attempt that has settled mails tells the others', () => {
  const shares = windowShares();
  const [one, other] = [anAttempt(shares, 1), anAttempt(shares, 2)];
  one.announce();
  expect([one.notified(), other.notified()]).toEqual([0, 1]);
});
