import { expect, test } from 'vitest';
import { deliveryActivities } from '../../../activities/campaign/delivery.js';
import { now } from '../../../clock.js';
import type { Outcome } from '../../../domain/delivery/outcome.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import { aSendingCampaign, sendingDeps } from '../../support/activities/sending-fixture.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const LEASE = 60_000;
const accepted: Outcome = { kind: 'accepted', reply: { code: 250, text: 'ok' } };

/** A campaign of three whose page another process has, with one mail in flight, and a lane of this process. */
async function aBusyPage(dead: readonly string[], ownersAreUndecided: () => boolean) {
  const seen = new Date(now().getTime() - LEASE / 10);
  const { account, _id: campaign } = await aSendingCampaign(store, 3, { token: 'another:1', seen, claimed: 1 });
  const deps = {
    ...sendingDeps(store, async () => accepted),
    ledger: ledger(store, LEASE, { ids: () => dead, unwrittenFor: LEASE / 20 }),
    ownersAreUndecided,
  };
  return {
    result: await deliveryActivities(deps).sendPages({ account, campaign, launch: 1, round: 0, downs: 0 }),
    totals: await recipients(store).totals(account, campaign),
  };
}

test('a lane waits while the owner of the last page is not judged, and takes the page when it is dead', async () => {
  const dead: string[] = [];
  let looks = 0;
  const { result, totals } = await aBusyPage(dead, () => {
    looks += 1;
    if (looks === 2) dead.push('another');
    return looks < 3;
  });
  expect(result).toBe('finished');
  expect(totals).toMatchObject({ sent: 2, uncertain: 1, in_flight: 0 });
});

test('a lane does not wait for an owner that lives', async () => {
  const { result, totals } = await aBusyPage([], () => false);
  expect(result).toBe('busy');
  expect(totals).toMatchObject({ sent: 0, uncertain: 0, in_flight: 1 });
});
