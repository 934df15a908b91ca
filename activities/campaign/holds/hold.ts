import { issueOfOrigin, partsOfIssueId } from '../../../domain/newsletter/issue.js';
import type { CampaignHolds, Hold } from '../../../store/campaigns/holds.js';
import type { Ledger, RoundKey } from '../../../store/campaigns/ledger.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Event, Events } from '../../../store/events/events.js';
import type { Engine } from '../../engine.js';

export interface HoldDeps {
  readonly campaignHolds: CampaignHolds;
  readonly ledger: Ledger;
  readonly events: Events;
  readonly engine: Pick<Engine, 'notifyCampaign' | 'signalIssue'>;
}

/**
 * Records that a campaign makes no progress. The events of a hold have its beginning in their ids: however often it is tried
 * again, there is one `campaign.held` and one `campaign.resumed`.
 */
export async function holdCampaign(deps: HoldDeps, key: RoundKey, hold: Hold): Promise<void> {
  const row = await deps.campaignHolds.hold(key, hold);
  if (row?.held == null) return;
  await deps.events.append([holdEvent(row, 'held', { reason: hold.reason, detail: hold.detail })]);
  const isNew = row.held.since.getTime() === row.held.at.getTime();
  if (isNew) await notify(deps, row);
}

/** Records the hold of a lane that has stopped, unless another lane is working. A failed write is made up for by its next try. */
export async function holdLane(deps: HoldDeps, key: RoundKey, hold: Hold): Promise<void> {
  const others = await deps.ledger.workOn(key);
  if (others?.isLive !== true) await holdCampaign(deps, key, hold);
}

/** The first proof that mail flows ends the hold. The event comes first: a repeated release appends it again. */
export async function releaseCampaign(deps: HoldDeps, row: Campaign): Promise<void> {
  if (row.held == null || row.state !== 'sending') return;
  const { account, _id: campaign, launch, reason, held } = row;
  await deps.events.append([holdEvent(row, 'resumed', { reason, since: held.since.toISOString() })]);
  if (await deps.campaignHolds.release({ account, campaign, launch }, held.since)) await notify(deps, row);
}

/** The function to call with each proof that mail flows; a failed release is repeated with the next one. */
export function releaseOnProof(deps: HoldDeps, row: () => Campaign): () => void {
  let isReleasing = false;
  let released: number | undefined;
  return () => {
    const seen = row();
    const since = seen.held?.since.getTime();
    if (since === undefined || seen.state !== 'sending' || isReleasing || since === released) return;
    isReleasing = true;
    const ended = releaseCampaign(deps, seen).then(() => {
      released = since;
    });
    void ended
      .catch(() => undefined)
      .finally(() => {
        isReleasing = false;
      });
  };
}

/** The workflows of the campaign and of its issue show the hold; without them the row is still right. */
async function notify({ engine }: HoldDeps, row: Campaign): Promise<void> {
  await engine.notifyCampaign(row).catch(() => undefined);
  const issue = issueOfOrigin(row.origin);
  if (issue !== undefined) {
    await engine.signalIssue({ account: row.account, ...partsOfIssueId(issue) }).catch(() => undefined);
  }
}

function holdEvent(
  { _id, account, launch, held }: Campaign,
  what: 'held' | 'resumed',
  data: Event['data'],
): Omit<Event, 'at'> {
  const id = `campaign:${_id}:${launch}:${held?.since.toISOString()}:${what}`;
  const type = what === 'held' ? 'campaign.held' : 'campaign.resumed';
  return { _id: id, account, campaign: _id, type, ...(data !== undefined && { data }) };
}
