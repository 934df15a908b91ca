import { expect, test } from 'vitest';
import {
  PROTOCOL_TIMES,
  type ProtocolTimes,
  shrunkTimes,
  violatedOrder,
  windowSize,
} from '../../../domain/delivery/protocol.js';

test('the production times satisfy the conditions of the protocol', () => {
  expect(violatedOrder(PROTOCOL_TIMES)).toBeUndefined();
});

test.for([1, 0.5, 0.1, 0.05])('times shrunk to %f satisfy them too', (factor) => {
  expect(violatedOrder(shrunkTimes(factor))).toBeUndefined();
});

test.for<[string, Partial<ProtocolTimes>]>([
  ['a lease that is renewed too rarely', { renewEvery: 20_000 }],
  ['a lease that can end while it is trusted', { lease: 50_000 }],
  ['an attempt that outlives its trust', { attempt: 40_000 }],
  ['a drain without end', { drain: 35_000 }],
  ['a dot that is awaited longer than the attempt', { startToClose: 600_000 }],
  ['a re-send while the dot may still be answered', { resendAfter: 600_000 }],
  ['a re-send while an owner that was wrongly declared dead may still send', { resendAfter: 635_000 }],
  ['beats that are too rare for a chain', { beatEvery: 1_500 }],
  ['an owner that is dead after too few beats', { silence: 5_000 }],
  ['a dead owner that is noticed after its lease', { silence: 60_000 }],
  ['a pause that is read too late', { controlEvery: 15_000 }],
])('%s is named', ([, change]) => {
  expect(violatedOrder({ ...PROTOCOL_TIMES, ...change })).toEqual(expect.any(String));
});

test.for([
  [1, null, 4],
  [8, null, 32],
  [2.9, null, 11],
  [0, null, 1],
  [0.5, null, 2],
  [1_000, null, 500],
  [8, 5, 5],
  [8, 100, 32],
  [8, 0.2, 1],
] as const)('%f connections at a rate of %s: a window of %i', ([connections, rate, window]) => {
  expect(windowSize(connections, rate)).toBe(window);
});
