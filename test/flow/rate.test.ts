import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { monotonic } from '../../clock.js';
import { accounts } from '../../store/accounts.js';
import type { Campaign } from '../../store/campaigns.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 250;
const PER_SECOND = 50;
const arrivals: number[] = [];
let world: World;
beforeAll(async () => {
  const on = (step: string) => {
    if (step === 'dot') arrivals.push(monotonic());
    return undefined;
  };
  world = await aWorld({ script: { on } });
  await Promise.all([1, 2, 3].map(() => world.worker({ connections: 20 })));
});
beforeEach(() => {
  arrivals.length = 0;
});
afterAll(() => world?.close());

async function expectSent(campaign: Campaign, readers: number): Promise<void> {
  await world.untilState(campaign, 'sent');
  expect((await expectHonestLedger(world, campaign)).totals.sent).toBe(readers);
}

/** By the receiver's record; a slow machine may only be slower. */
function expectWithinLimit(): void {
  expect(arrivals).toHaveLength(READERS);
  // In no two seconds more than three seconds' worth.
  const crowded = arrivals.filter((at, i) => (arrivals[i + 3 * PER_SECOND] ?? Number.POSITIVE_INFINITY) - at < 2_000);
  expect(crowded).toEqual([]);
  const seconds = ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)) / 1_000;
  const share = (READERS - 1) / seconds / PER_SECOND;
  expect(share).toBeLessThan(1.1);
  expect(share).toBeGreaterThan(0.4);
}

test('a campaign limited to 50 a second keeps to it over three workers with twenty connections each', async () => {
  await expectSent(await world.launch(READERS, { settings: atRate(PER_SECOND) }), READERS);
  expectWithinLimit();
});

test('an account limited to 50 a second keeps to it over all workers and campaigns', async () => {
  const half = READERS / 2;
  const [one, other] = [await world.draft(half), await world.draft(half)];
  await accounts(world.store).change(one.account, { rate_per_second: PER_SECOND });
  await Promise.all([one, other].map((draft) => world.begin(draft)));
  await Promise.all([one, other].map((campaign) => expectSent(campaign, half)));
  expectWithinLimit();
});
