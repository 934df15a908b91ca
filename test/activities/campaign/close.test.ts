import { expect, test } from 'vitest';
import { type ClosingDeps, closingActivities } from '../../../activities/campaign/close.js';
import { now } from '../../../clock.js';
import type { RetriedKind } from '../../../domain/campaign/campaign.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { stores } from '../../../store/stores.js';
import { audienceSteps } from '../../support/activities/audience-fixture.js';
import { aSendingCampaign } from '../../support/activities/sending-fixture.js';
import { steered } from '../../support/store/campaigns.js';
import { anException } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

const deps = (): ClosingDeps => ({ ...stores(store, { secret: 'secret' }), times: PROTOCOL_TIMES, maxLanes: 8 });
const pages = () => majorityCollection<LedgerPage>(store, 'ledger');
const rowOf = async (campaign: number) =>
  (await majorityCollection<Campaign>(store, 'campaigns').findOne({ _id: campaign })) as Campaign;
const inputOf = ({ account, _id: campaign, launch }: Campaign) => ({ account, campaign, launch });
const totalsOf = ({ account, _id }: Campaign) => deps().recipients.totals(account, _id);

/** All recipients of a round have an outcome: these exceptions. */
const finish = (campaign: number, round: number, exceptions: LedgerPage['exceptions']) =>
  pages().updateOne({ campaign, round }, [
    {
      $set: {
        settled: '$n',
        claimed: '$n',
        exceptions: { $literal: exceptions },
        published: exceptions.length,
        done: true,
      },
    },
  ]);

async function retry(row: Campaign, takes: readonly RetriedKind[]): Promise<void> {
  steered(await deps().campaigns.reopen(await rowOf(row._id), { takes, due: now() }));
  await audienceSteps(store).freezeAudience(inputOf(row));
}

test('a step that ends a cancel and was suspended leaves the pages of a retry open', async () => {
  const row = await aSendingCampaign(store);
  steered(await deps().campaigns.cancel(row));
  const { ledger } = deps();
  const suspended = {
    ...ledger,
    sweep: async (account: number, campaign: number) => {
      await closingActivities(deps()).settleCancelled(inputOf(row));
      await retry(row, ['unsent']);
      return ledger.sweep(account, campaign);
    },
  };
  await closingActivities({ ...deps(), ledger: suspended }).settleCancelled(inputOf(row));
  expect(await totalsOf(row)).toMatchObject({ recipients: 2, pending: 2, skipped: 0 });
});

test('a step that ends a cancel and was suspended does not end a later cancel', async () => {
  const row = await aSendingCampaign(store);
  steered(await deps().campaigns.cancel(row));
  const { ledger } = deps();
  const suspended = {
    ...ledger,
    sweep: async (account: number, campaign: number) => {
      await closingActivities(deps()).settleCancelled(inputOf(row));
      await retry(row, ['unsent']);
      await pages().updateOne({ campaign, round: 1 }, { $set: { claimed: 1, token: 'a lane', seen: now() } });
      steered(await deps().campaigns.cancel(await rowOf(campaign)));
      return ledger.sweep(account, campaign);
    },
  };
  await closingActivities({ ...deps(), ledger: suspended }).settleCancelled(inputOf(row));
  expect(await rowOf(row._id)).toMatchObject({ state: 'cancelled', round: 1, closed_at: null });
});

test('a step that closes a campaign and was suspended does not expire the deferred of a retry', async () => {
  const row = await aSendingCampaign(store);
  await finish(row._id, 0, [anException({ i: 0, kind: 'failed' })]);
  const { rounds } = deps();
  const suspended = {
    ...rounds,
    expire: async (...expired: Parameters<typeof rounds.expire>) => {
      await closingActivities(deps()).endRound(inputOf(row), 0);
      await retry(row, ['failed']);
      await finish(row._id, 1, [anException({ i: 0, kind: 'deferred' })]);
      await rounds.expire(...expired);
    },
  };
  await closingActivities({ ...deps(), rounds: suspended }).endRound(inputOf(row), 0);
  expect(await rowOf(row._id)).toMatchObject({ state: 'sending', round: 1 });
  expect(await totalsOf(row)).toMatchObject({ sent: 1, deferred: 1, failed: 0 });
});

test('a step that finds the next round open does not close the campaign', async () => {
  const row = await aSendingCampaign(store);
  await finish(row._id, 0, [anException({ i: 0, kind: 'deferred' })]);
  const { campaignProgress } = deps();
  const suspended = {
    ...campaignProgress,
    openRound: async (...opened: Parameters<typeof campaignProgress.openRound>) => {
      await closingActivities(deps()).endRound(inputOf(row), 0);
      return campaignProgress.openRound(...opened);
    },
  };
  const { plan } = await closingActivities({ ...deps(), campaignProgress: suspended }).endRound(inputOf(row), 0);
  expect(plan).toMatchObject({ state: 'sending', round: 1 });
  expect(await totalsOf(row)).toMatchObject({ sent: 1, deferred: 1, failed: 0 });
});
