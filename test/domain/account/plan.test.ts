import { expect, test } from 'vitest';
import { planOf } from '../../../domain/account/plan.js';

test.each([
  [null, null],
  [{}, null],
  [{ name: 'Open', ai: true, subscribers: null }, null],
  [{ subscribers: 100 }, 0],
  [{ ai: false }, 0],
  [{ subscribers: 100, clients: 3 }, 3],
  [{ subscribers: 100, clients: null }, null],
])('a plan with a limit has no clients unless it names their number: %j', (plan, clients) => {
  expect(planOf({ plan }).clients).toBe(clients);
});

test('absent limits are unlimited', () => {
  expect(planOf({ plan: { subscribers: 100 } })).toMatchObject({ subscribers: 100, campaigns: null, ai: true });
});
