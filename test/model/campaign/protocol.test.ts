import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownStore } from '../../support/store/own-store.js';
import { theProtocolHolds } from './property.js';

const store = ownStore();

test.concurrent.for([1, 2, 3, 4])(
  'no recipient is lost or mailed twice under any faults (%i)',
  { timeout: 600_000 },
  async (seed) => {
    const details = await fc.check(theProtocolHolds(store, {}), {
      seed,
      numRuns: 20,
      unbiased: true,
      endOnFailure: true,
    });
    expect(details.failed ? fc.defaultReportMessage(details) : 'holds').toBe('holds');
  },
);
