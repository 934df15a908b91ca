import { now } from '../../clock.js';
import { type IssueReason, originOfIssue } from '../../domain/newsletter/issue.js';
import { nextFeedState } from '../../domain/newsletter/source.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import { heldOf } from '../campaign/plan.js';
import type { Engine } from '../engine.js';
import { gone, type IssueDeps, type IssueView, keyOf, millisecondsBehind, settle, skip, viewOf } from './issue.js';
import { type PreSendDeps, type PreSendResult, preSendChecks, sendTestCopies } from './pre-send-checks.js';

export type IssueLaunchDeps = PreSendDeps & IssueDeps & { readonly engine: Engine };

interface IssueRows {
  readonly newsletter: Newsletter;
  readonly row: Issue;
  readonly campaign: Campaign | null;
}

/** From a prepared issue to its end. Each step may be repeated: the rows record what was done. */
export function issueLaunch(deps: IssueLaunchDeps) {
  const read = async (ref: IssueRef): Promise<IssueRows | null> => {
    const [newsletter, row] = await Promise.all([
      deps.newsletters.find(ref.account, ref.newsletter),
      deps.issues.find(keyOf(ref)),
    ]);
    if (typeof newsletter === 'string' || row === null) return null;
    return {
      newsletter,
      row,
      campaign: row.campaign === null ? null : await deps.campaigns.find(row.account, row.campaign),
    };
  };
  return {
    /** Runs the pre-send checks, then launches the campaign, once. */
    launchIssue: async (ref: IssueRef): Promise<IssueView> => {
      const rows = await read(ref);
      return rows === null ? gone(ref) : launchOf(deps, rows);
    },

    /** Follows the issue's campaign. */
    watchIssue: async (ref: IssueRef): Promise<IssueView> => {
      const rows = await read(ref);
      if (rows === null) return gone(ref);
      return rows.row.state === 'launched' ? followCampaign(deps, rows) : settledView(deps, rows.row);
    },

    skipIssue: async (ref: IssueRef, reason: IssueReason): Promise<IssueView> => {
      const row = await skip(deps, keyOf(ref), reason);
      return row === null ? gone(ref) : viewOf(row);
    },
  };
}

async function launchOf(deps: IssueLaunchDeps, rows: IssueRows): Promise<IssueView> {
  const { row, campaign } = rows;
  if (row.state !== 'preparing') return settledView(deps, row);
  const isDone = campaign?.launch_origin === originOfIssue(row._id);
  const stopped = isDone ? null : await launchUnlessStopped(deps, rows);
  if (stopped !== null) return viewOf((await skip(deps, row, stopped.reason, stopped.detail)) ?? row);
  const after = (await deps.issues.recordLaunched(row, campaign?.subject ?? '')) ?? row;
  return settledView(deps, after);
}

async function settledView(deps: IssueLaunchDeps, row: Issue): Promise<IssueView> {
  await settle(deps, row);
  return viewOf(row);
}

type Stopped = Pick<PreSendResult & { kind: 'stopped' }, 'reason' | 'detail'>;

/** Null: the campaign is launched. */
async function launchUnlessStopped(
  deps: IssueLaunchDeps,
  { newsletter, row, campaign }: IssueRows,
): Promise<Stopped | null> {
  if (campaign?.state !== 'draft') return { reason: 'withdrawn', detail: null };
  if (newsletter.state === 'paused' && row.kind === 'scheduled') return { reason: 'paused', detail: null };
  const passed = await preSendChecks(deps, newsletter, campaign);
  if (passed.kind === 'stopped') return passed;
  const at = row.kind === 'scheduled' && row.send_at > now() ? row.send_at : null;
  const gap = (newsletter.min_gap_minutes ?? 0) * 60_000;
  const isFree = await deps.newsletters.reserveSendTime(row.account, newsletter._id, row._id, at ?? now(), gap);
  if (!isFree) return { reason: 'too_soon', detail: null };
  await sendTestCopies(deps, newsletter, campaign, passed.rendered);
  await launchCampaign(deps, campaign, at, originOfIssue(row._id));
  return null;
}

/** As the API launches a campaign: the row first, then its workflow is notified. */
async function launchCampaign(
  deps: IssueLaunchDeps,
  seen: Campaign,
  at: Date | null,
  origin: string,
): Promise<Campaign> {
  const row = at === null ? await deps.campaigns.launch(seen, origin) : await deps.campaigns.schedule(seen, at, origin);
  // Temporal repeats the step, which reads the rows again.
  if (row === null) throw changedMeanwhile(seen);
  await deps.engine.notifyCampaign(row).catch(() => undefined);
  return row;
}

async function followCampaign(deps: IssueLaunchDeps, { newsletter, row, campaign }: IssueRows): Promise<IssueView> {
  if (campaign === null) return settledView(deps, (await deps.issues.skipLaunched(row, 'withdrawn', null)) ?? row);
  switch (campaign.state) {
    case 'awaiting_approval':
      return viewOf(row);
    case 'scheduled':
      return viewOf(row, { due: campaign.scheduled_at?.toISOString() ?? null });
    case 'draft':
    case 'drafting':
      return withdrawIssue(deps, { newsletter, row, campaign });
    default:
      await rememberFeed(deps, newsletter, row);
      return closeIssue(deps, row, campaign);
  }
}

/** The campaign is back in state `draft`: not approved, not in time, or withdrawn by hand. */
async function withdrawIssue(
  deps: IssueLaunchDeps,
  { newsletter, row, campaign }: IssueRows & { campaign: Campaign },
): Promise<IssueView> {
  const { reason } = campaign;
  if (reason === 'approval_expired' && newsletter.on_expiry === 'send') {
    const withoutApproval = await deps.campaigns.edit(campaign, { approval: null });
    if (withoutApproval === null) throw changedMeanwhile(campaign);
    await launchCampaign(deps, withoutApproval, null, `issue ${row._id} unanswered`);
    return viewOf(row);
  }
  const why = reason === 'approval_expired' || reason === 'rejected' ? reason : 'withdrawn';
  const comment = campaign.approval?.response?.comment ?? null;
  return settledView(deps, (await deps.issues.skipLaunched(row, why, comment)) ?? row);
}

/** Once the issue is launched, its feed items are no longer new. */
async function rememberFeed(
  { newsletters }: IssueLaunchDeps,
  { memory, account, _id }: Newsletter,
  { feed }: Issue,
): Promise<void> {
  if (feed === null) return;
  const { marks, url, etag, modified } = feed;
  await newsletters.saveMemory(account, _id, nextFeedState(memory, { url, etag, modified }, marks));
}

async function closeIssue(deps: IssueLaunchDeps, row: Issue, campaign: Campaign): Promise<IssueView> {
  const { state } = campaign;
  if (state !== 'sent' && state !== 'failed' && state !== 'cancelled') return viewOf(row, { held: heldOf(campaign) });
  const sentLate = millisecondsBehind(row, campaign) >= deps.times.lease;
  const after = (await deps.issues.close(row, state === 'sent' ? 'sent' : 'failed', sentLate)) ?? row;
  return settledView(deps, after);
}

function changedMeanwhile({ _id }: Campaign): Error {
  return new Error(`campaign ${_id} was changed by another process; the step is repeated`);
}
