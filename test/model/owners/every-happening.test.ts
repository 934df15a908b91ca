import { expect, test } from 'vitest';
import { type Happening, type Phase, runPhases, type WatchMutation } from './model.js';

const HAPPENINGS: readonly Happening[] = [
  'well',
  'outage',
  'election',
  'election after an outage',
  'suspended',
  'suspended by both clocks',
  'observer blocked',
  'owner blocked',
  'owner killed',
];
/** Less than the longest gap of a chain, and more than the silence of a dead owner. */
const LENGTHS = [2, 8] as const;

const PHASES: readonly Phase[] = HAPPENINGS.flatMap((happens) => LENGTHS.map((seconds) => ({ happens, seconds })));

/** Each order of three phases; returns the first in which an invariant is broken. */
async function everyOrder(mutation: WatchMutation = {}): Promise<string | undefined> {
  for (const first of PHASES)
    for (const second of PHASES)
      for (const third of PHASES) {
        const phases = [first, second, third];
        const error = await runPhases(phases, mutation).then(
          () => undefined,
          (failure: unknown) => failure,
        );
        if (error !== undefined) return `${error} after ${JSON.stringify(phases)}`;
      }
  return undefined;
}

test('no process that could write is found dead, and a killed one is, whatever three things happen before', async () => {
  expect(await everyOrder()).toBeUndefined();
});

const MUTANTS: Readonly<Record<string, WatchMutation>> = {
  'a silence is trusted although the observer could not write meanwhile': { beatGap: Number.POSITIVE_INFINITY },
  'an owner that has not beaten since the election is judged': {
    reads: (owner, primary) => ({ ...owner, primary }),
  },
};

test.for(Object.entries(MUTANTS))('a mutant is caught: %s', async ([, mutation]) => {
  expect(await everyOrder(mutation)).toMatch(/^Broken: invariant 9: a process that could write is dead/);
});
