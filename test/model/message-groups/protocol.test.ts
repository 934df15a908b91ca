import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownStore } from '../../support/store/own-store.js';
import { fastStore } from '../fast-store.js';
import type { Mutation } from '../network.js';
import { checkAlways, checkEnd } from './invariants.js';
import { aGroupModel } from './model.js';
import { BLIND_END, MUTANTS } from './mutants.js';
import { claim, hand, overtake, publish, settle } from './operations.js';
import { groupsHold } from './property.js';
import { applyLate, recover } from './recovery.js';

const store = ownStore();

test.concurrent.for([1, 2, 3])(
  'messages that share commands are sent once or are uncertain, and published, under any faults (%i)',
  { timeout: 600_000 },
  async (seed) => {
    const details = await fc.check(groupsHold(store, {}), { seed, numRuns: 20, endOnFailure: true, unbiased: true });
    expect(details.failed ? fc.defaultReportMessage(details) : 'holds').toBe('holds');
  },
);

/** Seeds that show a fault within about 30 runs. */
const SEEDS: Readonly<Record<string, number>> = {
  'no state in the filter': 2,
  'no attempt in the filter': 3,
  'mail is handed over before the claim is answered': 3,
  'a command without an error counts for each of its outcomes': 2,
};

test.concurrent.for(Object.entries(MUTANTS))(
  'a mutant of grouped writes is caught: %s',
  { timeout: 600_000 },
  async ([name, mutation]) => {
    const details = await fc.check(groupsHold(store, mutation), {
      seed: SEEDS[name] ?? 1,
      numRuns: 200,
      endOnFailure: true,
      unbiased: true,
    });
    expect(String(details.errorInstance)).toMatch(/^Broken: invariant /);
  },
);

/** The publishing of uncertain messages ends late: their owner's evidence has come before it. Returns what is wrong. */
async function lateEnd(mutation: Mutation): Promise<unknown> {
  const model = await aGroupModel({ store: fastStore(store), mutation, count: 2, resends: false });
  const [owner, other] = model.processes;
  if (owner === undefined || other === undefined) throw new Error('two processes');
  await claim(model, owner, await model.rows());
  hand(model, owner, await model.rows());
  await overtake(model, other, await model.rows());
  other.faults.push('ok', 'late');
  await publish(model, other, await model.rows());
  while (model.receiver.open.length > 0) model.receiver.resolve(0, 'accept');
  await settle(model, owner, await model.rows());
  expect(model.underway).toHaveLength(1);
  for (const write of model.underway) await applyLate(write);
  return checkAlways(model)
    .then(() => recover(model))
    .then(() => checkEnd(model))
    .catch((error: unknown) => String(error));
}

test('a sweep that ends late does not end that of the evidence which came before it', async () => {
  expect(await lateEnd({})).toBeUndefined();
  expect(await lateEnd(BLIND_END)).toBe('Broken: invariant 6: an event is lost');
});
