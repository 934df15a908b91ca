import { afterAll, beforeAll, expect, test } from 'vitest';
import { monotonic } from '../../clock.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 400;
const PER_SECOND = 50;
const arrivals: number[] = [];
let world: World;
beforeAll(async () => {
  const on = (step: string) => {
    if (step === 'dot') arrivals.push(monotonic());
    return undefined;
  };
  world = await aWorld({ script: { on } });
});
afterAll(() => world?.close());

test('a campaign limited to 50 a second keeps to it over two worker processes', async () => {
  await Promise.all([world.worker(), world.worker()]);
  const campaign = await world.launch(READERS, { settings: atRate(PER_SECOND) });
  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals.sent).toBe(READERS);

  // In no two seconds more than three seconds' worth: a slow machine may only be slower.
  const crowded = arrivals.filter((at, i) => (arrivals[i + 3 * PER_SECOND] ?? Number.POSITIVE_INFINITY) - at < 2_000);
  expect(crowded).toEqual([]);
  const [first = 0] = arrivals;
  const overall = ((READERS - 1) / ((arrivals.at(-1) ?? 0) - first)) * 1_000;
  expect(overall).toBeLessThan(PER_SECOND * 1.1);
  expect(overall).toBeGreaterThan(PER_SECOND * 0.4);
});
