import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { monotonic } from '../../clock.js';
import { accounts, FIRST_ACCOUNT } from '../../store/accounts.js';
import type { Campaign } from '../../store/campaigns.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { expectPace } from '../support/flow/pace.js';
import { PATIENT } from '../support/flow/plan.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 200;
const PER_SECOND = 50;
const arrivals: number[] = [];
let world: World;
beforeAll(async () => {
  const on = (step: string) => {
    if (step === 'dot') arrivals.push(monotonic());
    return undefined;
  };
  world = await aWorld({ script: { on }, times: PATIENT });
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

/** The window of a lane is 40 mails: four on each of its ten connections. */
function expectWithinLimit(lanes: number): void {
  expect(arrivals).toHaveLength(READERS);
  expectPace(arrivals, PER_SECOND, 40 * lanes);
}

// The first of both: a worker that has looked at the account does so again after two seconds.
test('an account limited to 50 a second keeps to it over all workers and campaigns', async () => {
  const half = READERS / 2;
  const [one, other] = [await world.draft(half), await world.draft(half)];
  await accounts(world.store).change(FIRST_ACCOUNT, { rate_per_second: PER_SECOND });
  await Promise.all([one, other].map((draft) => world.begin(draft)));
  await Promise.all([one, other].map((campaign) => expectSent(campaign, half)));
  expectWithinLimit(2);
});

test('a campaign limited to 50 a second keeps to it over three workers with twenty connections each', async () => {
  await accounts(world.store).change(FIRST_ACCOUNT, { rate_per_second: null });
  await expectSent(await world.launch(READERS, { settings: atRate(PER_SECOND) }), READERS);
  expectWithinLimit(1);
});
