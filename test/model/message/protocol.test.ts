import fc from 'fast-check';
import type { Filter } from 'mongodb';
import { expect, test } from 'vitest';
import type { Message } from '../../../store/messages/row.js';
import { ownStore } from '../../support/store/own-store.js';
import type { Mutation } from '../network.js';
import { messagesHold } from './property.js';

const store = ownStore();

test.concurrent.for([1, 2, 3])(
  'a message is sent once or is uncertain, under any faults (%i)',
  { timeout: 600_000 },
  async (seed) => {
    const details = await fc.check(messagesHold(store, {}), { seed, numRuns: 60, endOnFailure: true, unbiased: true });
    expect(String(details.errorInstance ?? 'holds')).toBe('holds');
  },
);

const without =
  (...fields: string[]) =>
  (method: string, args: readonly unknown[]): readonly unknown[] => {
    const [filter, ...rest] = args as [Filter<Message>, ...unknown[]];
    if (method !== 'updateOne') return args;
    return [Object.fromEntries(Object.entries(filter).filter(([field]) => !fields.includes(field))), ...rest];
  };

const MUTANTS: Readonly<Record<string, Mutation>> = {
  'no token in the filter': { write: without('token') },
  'no state in the filter': { write: without('state', 'token') },
  'no attempt in the filter': { write: without('attempt', 'state') },
  'an unknown outcome is believed': { acceptsUnknown: true },
  'a write that matched nothing is ignored': { ignoresNoMatch: true },
  'mail is handed over before the claim is answered': { handsOverEarly: true },
};

test.concurrent.for(Object.entries(MUTANTS))('a mutant is caught: %s', { timeout: 600_000 }, async ([, mutation]) => {
  const details = await fc.check(messagesHold(store, mutation), {
    seed: 1,
    numRuns: 300,
    endOnFailure: true,
    unbiased: true,
  });
  expect(String(details.errorInstance)).toMatch(/^Broken: invariant \d/);
});
