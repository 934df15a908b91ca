import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { IssueReason } from '../../domain/newsletter/issue.js';
import { nextFeedState } from '../../domain/newsletter/source.js';
import type { Campaign, Campaigns } from '../../store/campaigns/campaigns.js';
import type { Issue, Issues } from '../../store/newsletters/issues.js';
import type { Newsletter, Newsletters } from '../../store/newsletters/newsletters.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import type { Engine } from '../engine.js';
import { type PreSendDeps, type PreSendResult, preSendChecks, sendTestCopies } from './pre-send-checks.js';
import { type IssuePublishingDeps, millisecondsBehind, settle, skip } from './publishing.js';
import { gone, type IssueView, keyOf, viewOf } from './view.js';

export interface IssueLaunchDeps extends PreSendDeps, IssuePublishingDeps {
  readonly newsletters: IssuePublishingDeps['newsletters'] &
    Pick<Newsletters, 'find' | 'reserveSendTime' | 'saveMemory'>;
  readonly issues: IssuePublishingDeps['issues'] & Pick<Issues, 'recordLaunched' | 'skipLaunched' | 'close'>;
  readonly campaigns: Pick<Campaigns, 'find' | 'launch' | 'schedule' | 'edit'>;
  readonly engine: PreSendDeps['engine'] & Pick<Engine, 'notifyCampaign'>;
  readonly times: Pick<ProtocolTimes, 'lease'>;
}

interface IssueRows {
  readonly newsletter: Newsletter;
  readonly row: Issue;
  readonly campaign: Campaign | null;
}

/** From a written issue to its end. Each step may be repeated: the rows say what was done. */
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
    /** Through the gates; then its campaign is launched, once. */
    launchIssue: async (ref: IssueRef): Promise<IssueView> => {
      const rows = await read(ref);
      return rows === null ? gone(ref) : launchOf(deps, rows);
    },

    /** What has become of its campaign meanwhile. */
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
  const isDone = campaign?.launch_origin === originOf(row);
  const stopped = isDone ? null : await launchUnlessStopped(deps, rows);
  if (stopped !== null) return viewOf((await skip(deps, row, stopped.reason, stopped.detail)) ?? row);
  const after = (await deps.issues.recordLaunched(row, campaign?.subject ?? '')) ?? row;
  return settledView(deps, after);
}

async function settledView(deps: IssueLaunchDeps, row: Issue): Promise<IssueView> {
  await settle(deps, row);
  return viewOf(row);
}

/** The claim under which an issue's campaign is made and launched. */
function originOf({ _id }: Issue): string {
  return `issue ${_id}`;
}

type Stopped = Pick<PreSendResult & { kind: 'stopped' }, 'reason' | 'detail'>;

/** Null: its campaign is launched. */
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
  await launchCampaign(deps, campaign, at, originOf(row));
  return null;
}

/** As the API launches one: the row first, then its workflow hears of it. */
async function launchCampaign(
  deps: IssueLaunchDeps,
  seen: Campaign,
  at: Date | null,
  origin: string,
): Promise<Campaign> {
  const row = at === null ? await deps.campaigns.launch(seen, origin) : await deps.campaigns.schedule(seen, at, origin);
  // Somebody else wrote first: the step is repeated and decides anew.
  if (row === null) throw new Error('the campaign was written meanwhile');
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

/** Not approved, not in time, or taken back by hand. */
async function withdrawIssue(
  deps: IssueLaunchDeps,
  { newsletter, row, campaign }: IssueRows & { campaign: Campaign },
): Promise<IssueView> {
  const { reason } = campaign;
  if (reason === 'approval_expired' && newsletter.on_expiry === 'send') {
    const unasked = await deps.campaigns.edit(campaign, { approval: null });
    if (unasked === null) throw new Error('the campaign was written meanwhile');
    await launchCampaign(deps, unasked, null, `issue ${row._id} unanswered`);
    return viewOf(row);
  }
  const why = reason === 'approval_expired' || reason === 'rejected' ? reason : 'withdrawn';
  const comment = campaign.approval?.response?.comment ?? null;
  return settledView(deps, (await deps.issues.skipLaunched(row, why, comment)) ?? row);
}

/** What stood in the feed is not new any more, once it goes out. */
async function rememberFeed(
  { newsletters }: IssueLaunchDeps,
  { memory, account, _id }: Newsletter,
  { feed }: Issue,
): Promise<void> {
  if (feed === null) return;
  const { marks, ...at } = feed;
  await newsletters.saveMemory(account, _id, nextFeedState(memory, at, marks));
}

async function closeIssue(deps: IssueLaunchDeps, row: Issue, campaign: Campaign): Promise<IssueView> {
  const { state } = campaign;
  if (state !== 'sent' && state !== 'failed' && state !== 'cancelled') return viewOf(row);
  const sentLate = millisecondsBehind(row, campaign) >= deps.times.lease;
  const after = (await deps.issues.close(row, state === 'sent' ? 'sent' : 'failed', sentLate)) ?? row;
  return settledView(deps, after);
}
