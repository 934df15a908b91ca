import { monotonic, now } from '../../clock.js';
import { BREACHES, breachIn, type Limits } from '../../domain/campaign/reputation.js';
import { finding, storedFindings } from '../../domain/mail/finding.js';
import { pauseCampaign } from '../../services/steer-campaign.js';
import type { Account, Accounts } from '../../store/accounts/accounts.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Reputation } from '../../store/campaigns/reputation.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Events } from '../../store/events/events.js';

export interface GuardDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly campaigns: Pick<Campaigns, 'find' | 'pause' | 'excuse'>;
  readonly events: Pick<Events, 'append'>;
  readonly reputation: Reputation;
  /** Limits of accounts without their own. */
  readonly limits: Limits;
}

/**
 * Pauses a campaign whose complaints or bounces exceed the limits of its account, or whose letter cannot be rendered for too many
 * recipients. May be called at any time.
 */
export type ReputationGuard = (account: number, campaign: number) => Promise<void>;

export function reputationGuard(deps: GuardDeps): ReputationGuard {
  return async (account, campaign) => {
    const row = await deps.campaigns.find(account, campaign);
    if (row?.state === 'sending') return pauseIfBreached(deps, row);
    // Reports that arrive during such a pause are excused too: the operator sees them before resuming.
    if (row?.state === 'paused' && isBreach(row.reason)) {
      await deps.campaigns.excuse(row, await reputationOf(deps, row));
    }
  };
}

/** Milliseconds between two checks of the same campaign. */
const CHECK_INTERVAL_MS = 2_000;

/**
 * Limits how often a campaign is checked. The first call checks at once; calls within the interval share one check at its
 * end, so that the last call is not lost. An error of that later check is ignored: the next call checks again.
 */
export function throttledGuard(guard: ReputationGuard, between = CHECK_INTERVAL_MS): ReputationGuard {
  const checkedAt = new Map<number, number>();
  const scheduled = new Set<number>();
  const checkNow = async (account: number, campaign: number): Promise<void> => {
    if (checkedAt.size > 1_000) checkedAt.clear();
    checkedAt.set(campaign, monotonic());
    await guard(account, campaign);
  };
  const checkLater = (account: number, campaign: number, wait: number): void => {
    scheduled.add(campaign);
    const check = () => {
      scheduled.delete(campaign);
      checkNow(account, campaign).catch(() => undefined);
    };
    setTimeout(check, wait).unref();
  };
  return async (account, campaign) => {
    const wait = (checkedAt.get(campaign) ?? Number.NEGATIVE_INFINITY) + between - monotonic();
    if (wait <= 0) return checkNow(account, campaign);
    if (!scheduled.has(campaign)) checkLater(account, campaign, wait);
  };
}

async function pauseIfBreached(deps: GuardDeps, row: Campaign): Promise<void> {
  const measured = await reputationOf(deps, row);
  const limits = limitsOf(await deps.accounts.find(row.account), deps.limits);
  const reason = breachIn(measured, limits, row.excused ?? undefined);
  if (reason === undefined) return;
  const { complaintsToday: _today, fault, ...excused } = measured;
  const detail = reason === 'content_blocked' && fault !== null ? { detail: fault } : {};
  const findings = 'detail' in detail ? { findings: storedFindings([finding('not_renderable', detail.detail)]) } : {};
  // A row that was written meanwhile stays as it is: the next check reads it again.
  await pauseCampaign(deps, row, reason, { ...excused, ...detail }, { excused, ...findings });
}

function reputationOf({ reputation }: GuardDeps, { account, _id }: Campaign) {
  return reputation.counts(account, _id, now());
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
