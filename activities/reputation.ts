import { monotonic, now } from '../clock.js';
import { BREACHES, type Breach, breachIn, type Limits, type Standing } from '../domain/reputation.js';
import type { Account, Accounts } from '../store/accounts.js';
import type { Campaign, Campaigns } from '../store/campaigns.js';
import type { Events } from '../store/events.js';
import type { Reputation } from '../store/reputation.js';

export interface GuardDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly campaigns: Pick<Campaigns, 'find' | 'pause' | 'excuse'>;
  readonly events: Pick<Events, 'append'>;
  readonly reputation: Reputation;
  /** Of accounts that have none of their own. */
  readonly limits: Limits;
}

/** Looks at how a campaign is received and pauses it before the sender's name is spoilt. May be called at any time. */
export type ReputationGuard = (account: number, campaign: number) => Promise<void>;

export function reputationGuard(deps: GuardDeps): ReputationGuard {
  return async (account, campaign) => {
    const row = await deps.campaigns.find(account, campaign);
    if (row?.state === 'sending') return look(deps, row);
    // What comes in while it stands still for this is before the eyes of whoever resumes it.
    if (row?.state === 'paused' && isBreach(row.reason)) {
      await deps.campaigns.excuse(row, await standingOf(deps, row));
    }
  };
}

/** Milliseconds between two looks at the same campaign. */
const BETWEEN_LOOKS = 2_000;

/**
 * For whoever would call it after every page or report: looks at once, and once more where it was called too soon after
 * that, so that the last call is not lost. What goes wrong in that later look is left to the next one.
 */
export function nowAndThen(guard: ReputationGuard, between = BETWEEN_LOOKS): ReputationGuard {
  const looked = new Map<number, number>();
  const coming = new Set<number>();
  const lookNow = async (account: number, campaign: number): Promise<void> => {
    if (looked.size > 1_000) looked.clear();
    looked.set(campaign, monotonic());
    await guard(account, campaign);
  };
  const lookLater = (account: number, campaign: number, wait: number): void => {
    coming.add(campaign);
    const look = () => {
      coming.delete(campaign);
      lookNow(account, campaign).catch(() => undefined);
    };
    setTimeout(look, wait).unref();
  };
  return async (account, campaign) => {
    const left = (looked.get(campaign) ?? Number.NEGATIVE_INFINITY) + between - monotonic();
    if (left <= 0) return lookNow(account, campaign);
    if (!coming.has(campaign)) lookLater(account, campaign, left);
  };
}

async function look(deps: GuardDeps, row: Campaign): Promise<void> {
  const standing = await standingOf(deps, row);
  const limits = limitsOf(await deps.accounts.find(row.account), deps.limits);
  const reason = breachIn(standing, limits, row.excused ?? undefined);
  if (reason === undefined) return;
  const { complaintsToday: _today, ...excused } = standing;
  const paused = await deps.campaigns.pause(row, reason, excused);
  // Somebody steered it meanwhile; the next look sees what became of it.
  if (paused === null) return;
  await deps.events.append([pausedEvent(paused, reason, excused)]);
}

function standingOf({ reputation }: GuardDeps, { account, _id }: Campaign) {
  return reputation.standing(account, _id, now());
}

function limitsOf(account: Account | null, otherwise: Limits): Limits {
  return {
    complaints: account?.pause_at_complaints ?? otherwise.complaints,
    bounces: account?.pause_at_bounces ?? otherwise.bounces,
  };
}

function isBreach(reason: string | null): boolean {
  return BREACHES.some((known) => known === reason);
}

function pausedEvent({ _id: campaign, account, want }: Campaign, reason: Breach, figures: Standing) {
  const _id = `campaign:${campaign}:v${want.v}:paused`;
  return { _id, account, campaign, type: 'campaign.paused', data: { reason, ...figures } };
}
