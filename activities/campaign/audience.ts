import { now } from '../../clock.js';
import { needsApproval } from '../../domain/campaign/approval.js';
import { PAGE_SIZE } from '../../domain/delivery/protocol.js';
import type { Letters } from '../../services/letters/compiled-letters.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import { SUSPENDED } from '../../store/accounts/suspension.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { RoundKey } from '../../store/campaigns/ledger.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Rounds } from '../../store/campaigns/rounds.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Quotas } from '../../store/quotas/quotas.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import type { Suppressions } from '../../store/suppressions/suppressions.js';
import type { CampaignInput } from '../../workflows/messages/campaign.js';

export interface AudienceDeps {
  readonly campaigns: Campaigns;
  readonly campaignProgress: CampaignProgress;
  readonly rounds: Rounds;
  readonly subscribers: Pick<Subscribers, 'idsAfter' | 'highestId' | 'forSending'>;
  readonly suppressions: Pick<Suppressions, 'among'>;
  readonly letters: Pick<Letters, 'senderOf'>;
  readonly checkRound: RoundCheck;
  readonly heartbeat: () => void;
}

/** `refused`: this round may not be mailed now. The campaign is paused, and its row holds the reason. */
export type Frozen = 'frozen' | 'refused';

const READ_AT_ONCE = 2_000;

/** Freezes the audience: the pages of a round are created once, also by repeated or concurrent calls. */
export function audienceActivities(deps: AudienceDeps) {
  return {
    /** Creates the pages of the campaign's current round; opens round 0 first. A no-op where they exist. */
    freezeAudience: async (input: CampaignInput): Promise<Frozen> => {
      const row = await campaignWithOpenRound(deps, input);
      if (row === undefined) return 'frozen';
      const key: RoundKey = { account: row.account, campaign: row._id, launch: row.launch, round: row.round };
      if (row.round === 0) {
        await createPages(deps, key, (after) => activeIds(deps, row, after));
        await deps.rounds.deleteOrphans(key);
        const recipients = await deps.rounds.recipientsOf(key);
        if (await pauseIfNotAllowed(deps, input, key, recipients)) return 'refused';
        await deps.campaignProgress.completeFreeze(input, recipients);
        return 'frozen';
      }
      const round = row.rounds[row.round];
      if (round === undefined) throw new Error(`campaign ${row._id} has no round ${row.round}`);
      if ((await deps.rounds.openPagesBefore(key)) > 0) throw new Error(`round ${row.round} is frozen before its time`);
      await deps.rounds.mark(key, round.takes, round.only && new Set(round.only));
      await createPages(deps, key, (after) => deps.rounds.marked(key, after));
      return (await pauseIfNotAllowed(deps, input, key, await deps.rounds.recipientsOf(key))) ? 'refused' : 'frozen';
    },
  };
}

/** Pauses the campaign before the round is mailed where the account may not mail it now; the row holds the reason. */
async function pauseIfNotAllowed(deps: AudienceDeps, input: CampaignInput, key: RoundKey, recipients: number) {
  const refusal = await deps.checkRound(key, recipients);
  if (refusal !== undefined) await deps.campaignProgress.holdBack(input, refusal);
  return refusal !== undefined;
}

/** The row with its round open; undefined where there is nothing to freeze. */
async function campaignWithOpenRound(deps: AudienceDeps, input: CampaignInput): Promise<Campaign | undefined> {
  const row = await deps.campaigns.find(input.account, input.campaign);
  if (row === null || row.launch !== input.launch) return undefined;
  if (!mayBeFrozen(row)) return undefined;
  if (row.round >= 0) return row;
  // Unreachable without the approval. A bug that leads here must fail visibly instead of sending.
  if (needsApproval(row)) throw new Error(`campaign ${row._id} has no approval for the letter it would send`);
  const up_to = await deps.subscribers.highestId(row.account, row.list_id);
  const sender = await deps.letters.senderOf(row);
  await deps.campaignProgress.openRound(input, 0, { takes: [], due: now() }, { up_to, sender });
  const reread = await deps.campaigns.find(input.account, input.campaign);
  return reread !== null && reread.round >= 0 ? reread : undefined;
}

/** A round with marked entries is completed also after a cancel: a marked recipient without a page would be lost. */
function mayBeFrozen({ state, round, closed_at }: Campaign): boolean {
  if (state === 'cancelled') return round > 0 && closed_at === null;
  return ['freezing', 'paused', 'sending'].includes(state);
}

/** Each page holds the ids after the *stored* page before it, so that two concurrent freezes create one chain. */
async function createPages(deps: AudienceDeps, key: RoundKey, idsAfter: (after: number) => AsyncGenerator<number>) {
  let stored = await deps.rounds.lastPage(key);
  while (stored?.last !== true) {
    const after: number = stored?.ids.at(-1) ?? 0;
    let ids: number[] = [];
    let page: number = (stored?.page ?? -1) + 1;
    let conflicting = false;
    for await (const id of idsAfter(after)) {
      if (ids.length === PAGE_SIZE) {
        deps.heartbeat();
        stored = await deps.rounds.addPage(key, page, ids, false);
        conflicting = stored.last || stored.ids.length !== ids.length || stored.ids.at(-1) !== ids.at(-1);
        if (conflicting) break;
        ids = [];
        page += 1;
      }
      ids.push(id);
    }
    if (!conflicting) stored = await deps.rounds.addPage(key, page, ids, true);
  }
}

/** Active and not suppressed, ascending, up to the end fixed when the round was opened. */
async function* activeIds(deps: AudienceDeps, row: Campaign, start: number): AsyncGenerator<number> {
  let after = start;
  for (;;) {
    const slice = { account: row.account, list: row.list_id, after, upTo: row.up_to ?? 0, limit: READ_AT_ONCE };
    const ids = await deps.subscribers.idsAfter(slice);
    const last = ids.at(-1);
    if (last === undefined) return;
    const found = await deps.subscribers.forSending(row.account, ids);
    const keys = new Map(found.map(({ _id, email_key }) => [_id, email_key]));
    const suppressed = await deps.suppressions.among(row.account, [...keys.values()]);
    for (const id of ids) {
      const key = keys.get(id);
      if (key !== undefined && !suppressed.has(key)) yield id;
    }
    after = last;
  }
}

/** Why a round may not be mailed now; undefined where it may. */
type RoundCheck = (round: RoundKey, recipients: number) => Promise<string | undefined>;

interface RoundCheckDeps {
  readonly accounts: Pick<Accounts, 'status'>;
  readonly quotas: Pick<Quotas, 'reserveRound'>;
}

/** Checks once per round, with its number of recipients, whether the account may send and its quota suffices. */
export function roundCheck({ accounts, quotas }: RoundCheckDeps): RoundCheck {
  return async (round, recipients) => {
    const state = (await accounts.status(round.account))?.state;
    if (state === 'suspended') return SUSPENDED;
    if (state === 'closed') return 'account_closed';
    const reservation = await quotas.reserveRound(round.account, round, recipients);
    return reservation === 'over' ? 'quota_exceeded' : undefined;
  };
}
