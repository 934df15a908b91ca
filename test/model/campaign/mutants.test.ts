import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownStore } from '../../support/store/own-store.js';
import { MUTANTS } from './mutants.js';
import { theProtocolHolds } from './property.js';

const store = ownStore();

/** Seeds that show each fault within a few runs. Other seeds take up to a hundred. */
const SEEDS: Readonly<Record<string, number>> = {
  'no token in the filter': 12,
  'no marks in the filter': 6,
  'an unknown outcome is believed': 6,
  'a write that matched nothing is ignored': 5,
  'mail is handed over before the claim is answered': 5,
  'an entry is published before it is written': 8,
  'a later round takes what an earlier one took': 4,
};

test.concurrent.for(Object.entries(MUTANTS))(
  'a mutant is caught: %s',
  { timeout: 600_000 },
  async ([name, mutation]) => {
    const seed = SEEDS[name] ?? 1;
    const details = await fc.check(theProtocolHolds(store, mutation), {
      seed,
      numRuns: 100,
      endOnFailure: true,
      unbiased: true,
    });
    expect(String(details.errorInstance)).toMatch(/^Broken: invariant \d/);
  },
);
