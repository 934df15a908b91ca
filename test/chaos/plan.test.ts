import { expect, test } from 'vitest';
import { planOf } from '../../chaos/plan.js';

const AMONG = ['one', 'two', 'three', 'four'] as const;

test('a seed plans the same faults each time, another seed others', () => {
  const plan = planOf(7, { among: AMONG, faults: 6 });
  expect(planOf(7, { among: AMONG, faults: 6 })).toEqual(plan);
  const others = [8, 9, 10].map((seed) => JSON.stringify(planOf(seed, { among: AMONG, faults: 6 })));
  expect(new Set([...others, JSON.stringify(plan)]).size).toBe(4);
});

test.each([1, 2, 3, 4, 5])(
  'seed %i: no fault occurs twice before each has occurred once, in the course of the campaign',
  (seed) => {
    const plan = planOf(seed, { among: AMONG, faults: 10 });
    expect(plan).toHaveLength(10);
    expect(new Set(plan.slice(0, 4).map(({ fault }) => fault)).size).toBe(4);
    expect(new Set(plan.slice(4, 8).map(({ fault }) => fault)).size).toBe(4);
    const shares = plan.map(({ from }) => from);
    expect(shares).toEqual(shares.toSorted((one, other) => one - other));
    expect(shares.every((share) => share > 0 && share < 0.9)).toBe(true);
    expect(plan.every(({ seconds }) => seconds >= 2 && seconds <= 12)).toBe(true);
  },
);

test('without faults to choose from there are none', () => {
  expect(planOf(1, { among: [], faults: 3 })).toEqual([]);
});
