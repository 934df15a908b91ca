import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { monotonic } from '../../../clock.js';
import { accounts, FIRST_ACCOUNT } from '../../../store/accounts/accounts.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { LONG_LEASE_TIMES } from '../../support/end-to-end/plan.js';
import { expectRate } from '../../support/end-to-end/rate-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

const READERS = 200;
const PER_SECOND = 50;
const arrivals: number[] = [];
let cluster: TestCluster;
beforeAll(async () => {
  const on = (step: string) => {
    if (step === 'dot') arrivals.push(monotonic());
    return undefined;
  };
  cluster = await aTestCluster({ script: { on }, times: LONG_LEASE_TIMES });
  await Promise.all([1, 2, 3].map(() => cluster.worker({ connections: 20 })));
});
beforeEach(() => {
  arrivals.length = 0;
});
afterAll(() => cluster?.close());

async function expectSent(campaign: Campaign, readers: number): Promise<void> {
  await cluster.untilState(campaign, 'sent');
  expect((await expectLedgerMatchesReceiver(cluster, campaign)).totals.sent).toBe(readers);
}

/** The window of a lane is 40 mails: four on each of its ten connections. */
function expectWithinLimit(lanes: number): void {
  expect(arrivals).toHaveLength(READERS);
  expectRate(arrivals, PER_SECOND, 40 * lanes);
}

// This test comes first: a worker that has read the account reads it again only after two seconds.
test('an account limited to 50 a second stays within it over all workers and campaigns', async () => {
  const half = READERS / 2;
  const [one, other] = [await cluster.draft(half), await cluster.draft(half)];
  await accounts(cluster.store).change(FIRST_ACCOUNT, { rate_per_second: PER_SECOND });
  await Promise.all([one, other].map((draft) => cluster.begin(draft)));
  await Promise.all([one, other].map((campaign) => expectSent(campaign, half)));
  expectWithinLimit(2);
});

test('a campaign limited to 50 a second stays within it over three workers with twenty connections each', async () => {
  await accounts(cluster.store).change(FIRST_ACCOUNT, { rate_per_second: null });
  await expectSent(await cluster.launch(READERS, { settings: atRate(PER_SECOND) }), READERS);
  expectWithinLimit(1);
});
