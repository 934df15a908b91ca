import { now } from '../../../clock.js';
import { needsApproval } from '../../../domain/campaign/approval.js';
import { exclusionOf } from '../../../domain/campaign/exclusions.js';
import { PAGE_SIZE } from '../../../domain/delivery/protocol.js';
import type { Letters } from '../../../services/letters/compiled-letters.js';
import type { Campaigns } from '../../../store/campaigns/campaigns.js';
import type { RoundKey } from '../../../store/campaigns/ledger.js';
import type { CampaignProgress } from '../../../store/campaigns/progress.js';
import type { Rounds } from '../../../store/campaigns/rounds.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Quotas } from '../../../store/quotas/quotas.js';
import type { Subscribers } from '../../../store/subscribers/subscribers.js';
import type { Suppressions } from '../../../store/suppressions/suppressions.js';
import type { CampaignInput } from '../../../workflows/messages/campaign.js';
import { type CampaignPlan, campaignPlanner, type PlanDeps } from '../plan.js';
import { type ChainDeps, extendChain, type Judged } from './chain.js';
import { QUOTA_EXCEEDED, type RoundCheck } from './round-check.js';

export interface AudienceDeps extends PlanDeps {
  readonly campaigns: Campaigns;
  readonly campaignProgress: CampaignProgress;
  readonly rounds: Rounds;
  readonly subscribers: Pick<Subscribers, 'inOrder' | 'countActive' | 'highestId'>;
  readonly suppressions: Pick<Suppressions, 'among'>;
  readonly letters: Pick<Letters, 'senderOf'>;
  readonly quotas: Pick<Quotas, 'trimRound'>;
  readonly checkRound: RoundCheck;
  readonly heartbeat: () => void;
}

/**
 * `refused`: this round may not be mailed now; the campaign is paused, and its row holds the reason. `begun`: its first
 * pages may be mailed while the others are created. `unfinished`: no mail before all its pages are created.
 */
type Begun = 'frozen' | 'begun' | 'unfinished' | 'refused';
type Frozen = Extract<Begun, 'frozen' | 'refused'>;

interface FreezeStep<Result> {
  readonly result: Result;
  readonly plan: CampaignPlan;
}

/** Small, because the first mail waits for it. */
const FIRST_BATCH = { pages: 2, most: 2, batches: 1 };
const ALL_BATCHES = { pages: 4, most: 50, batches: Number.POSITIVE_INFINITY };
/** Subscribers read at once: for the first batch one more than its pages hold, which tells whether it is the last. */
const READ_AT_ONCE = { first: FIRST_BATCH.pages * PAGE_SIZE + 1, all: 4_000 } as const;

/** Freezes the audience: the pages of a round are created once, also by repeated or concurrent calls. */
export function audienceActivities(deps: AudienceDeps) {
  const plan = campaignPlanner(deps);
  return {
    /** Opens round 0 and creates its first pages: all of a small audience. Quick for every audience. */
    beginRound: async (input: CampaignInput): Promise<FreezeStep<Begun>> => {
      const result = await begin({ ...deps, heartbeat: () => undefined }, input);
      return { result, plan: await plan(input) };
    },

    /** Creates the pages of the campaign's current round. A no-op where they exist. */
    freezeAudience: async (input: CampaignInput): Promise<FreezeStep<Frozen>> => {
      const result = await freeze(deps, input);
      return { result, plan: await plan(input) };
    },
  };
}

async function begin(deps: AudienceDeps, input: CampaignInput): Promise<Begun> {
  const row = await campaignWithOpenRound(deps, input);
  if (row === undefined) return 'frozen';
  const key = keyOf(row);
  if (row.round > 0) {
    return (await deps.rounds.chainEnd(key))?.last === true ? finish(deps, input, key) : 'unfinished';
  }
  // Suppressed subscribers are counted too: the excess is given back once the pages are counted.
  const [isComplete, most] = await Promise.all([
    extendChain(chainOf(deps, row), key, (after) => judgedPeople(deps, row, after, READ_AT_ONCE.first), FIRST_BATCH),
    deps.subscribers.countActive(row.account, row.list_id, row.up_to ?? 0),
  ]);
  if (isComplete) return finish(deps, input, key);
  const refusal = await deps.checkRound(key, most);
  if (refusal === QUOTA_EXCEEDED) return 'unfinished';
  if (refusal !== undefined) return holdBack(deps, input, refusal);
  await deps.campaignProgress.recordRecipients(input, most);
  await deps.campaignProgress.beginSending(input);
  return 'begun';
}

async function freeze(deps: AudienceDeps, input: CampaignInput): Promise<Frozen> {
  const row = await campaignWithOpenRound(deps, input);
  if (row === undefined) return 'frozen';
  const key = keyOf(row);
  if (row.round === 0) {
    await extendChain(
      chainOf(deps, row),
      key,
      (after) => judgedPeople(deps, row, after, READ_AT_ONCE.all),
      ALL_BATCHES,
    );
    return finish(deps, input, key);
  }
  const round = row.rounds[row.round];
  if (round === undefined) throw new Error(`campaign ${row._id} has no round ${row.round}`);
  if (!(await deps.rounds.areEarlierOver(key))) throw new Error(`round ${row.round} is frozen before its time`);
  await deps.rounds.mark(key, round.takes, round.only && new Set(round.only));
  await extendChain(chainOf(deps, row), key, (after) => inChunks(deps.rounds.marked(key, after)), ALL_BATCHES);
  return finish(deps, input, key);
}

/** All pages are created: counts them, and pauses the campaign where the account may not mail them now. */
async function finish(deps: AudienceDeps, input: CampaignInput, key: RoundKey): Promise<Frozen> {
  const recipients = await deps.rounds.recipientsOf(key);
  if (key.round === 0) {
    await deps.rounds.deleteOrphans(key);
    await deps.campaignProgress.recordRecipients(input, recipients);
  }
  const refusal = await deps.checkRound(key, recipients);
  if (refusal !== undefined) return holdBack(deps, input, refusal);
  if (key.round === 0) {
    await deps.quotas.trimRound(key, recipients);
    await deps.campaignProgress.beginSending(input);
  }
  return 'frozen';
}

async function holdBack(deps: AudienceDeps, input: CampaignInput, reason: string): Promise<'refused'> {
  await deps.campaignProgress.holdBack(input, reason);
  return 'refused';
}

/** The store of a round's pages; where a restored database lacks some of them, those that are added are uncertain. */
function chainOf(deps: AudienceDeps, { launch, round, restored }: Campaign): ChainDeps {
  if (restored?.launch !== launch || restored.round !== round) return deps;
  const { rounds, heartbeat } = deps;
  const addPages: Rounds['addPages'] = (key, first, added) =>
    rounds.addPages(
      key,
      first,
      added.map((page) => ({ ...page, isRestored: true })),
    );
  return { rounds: { ...rounds, addPages }, heartbeat };
}

function keyOf({ account, _id: campaign, launch, round }: Campaign): RoundKey {
  return { account, campaign, launch, round };
}

/** The row with its round open; undefined where there is nothing to freeze. */
async function campaignWithOpenRound(deps: AudienceDeps, input: CampaignInput): Promise<Campaign | undefined> {
  const row = await deps.campaigns.find(input.account, input.campaign);
  if (row === null || row.launch !== input.launch) return undefined;
  if (!mayBeFrozen(row)) return undefined;
  if (row.round >= 0) return row;
  // Unreachable without the approval. A bug that leads here must fail visibly instead of sending.
  if (needsApproval(row)) throw new Error(`campaign ${row._id} has no approval for the letter it would send`);
  const [up_to, sender] = await Promise.all([
    deps.subscribers.highestId(row.account, row.list_id),
    deps.letters.senderOf(row),
  ]);
  await deps.campaignProgress.openRound(input, 0, { takes: [], due: now() }, { up_to, sender });
  const reread = await deps.campaigns.find(input.account, input.campaign);
  return reread !== null && reread.round >= 0 ? reread : undefined;
}

/** A round with marked entries is completed also after a cancel: a marked recipient without a page would be lost. */
function mayBeFrozen({ state, round, closed_at }: Campaign): boolean {
  if (state === 'cancelled') return round > 0 && closed_at === null;
  return ['freezing', 'paused', 'sending'].includes(state);
}

/** Everyone on the list, ascending, up to the end fixed when the round was opened: active and not suppressed, or why not. */
async function* judgedPeople(
  deps: AudienceDeps,
  row: Campaign,
  after: number,
  atOnce: number,
): AsyncGenerator<readonly Judged[]> {
  const slice = { account: row.account, list: row.list_id, after, upTo: row.up_to ?? 0, atOnce };
  for await (const people of deps.subscribers.inOrder(slice)) {
    const suppressed = await deps.suppressions.among(
      row.account,
      people.flatMap(({ email_key }) => email_key ?? []),
    );
    yield people.map(({ _id, status, email_key = '' }) => exclusionOf(status, suppressed.has(email_key)) ?? _id);
  }
}

async function* inChunks(ids: AsyncIterable<number>): AsyncGenerator<readonly number[]> {
  for await (const id of ids) yield [id];
}
