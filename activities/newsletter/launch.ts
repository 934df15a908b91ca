import { now } from '../../clock.js';
import type { IssueReason } from '../../domain/newsletter/issue.js';
import { remembered } from '../../domain/newsletter/source.js';
import type { ProtocolTimes } from '../../domain/protocol.js';
import type { Campaign, Campaigns } from '../../store/campaigns.js';
import type { Issue, Issues } from '../../store/newsletter/issues.js';
import type { Newsletter, Newsletters } from '../../store/newsletters.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import type { Engine } from '../engine.js';
import { type GateDeps, gates, type Passed, showFirst } from './gates.js';
import { type IssueTellingDeps, millisecondsBehind, settled, skipped } from './telling.js';
import { gone, type IssueView, keyOf, viewOf } from './view.js';

export interface IssueLaunchDeps extends GateDeps, IssueTellingDeps {
  readonly newsletters: IssueTellingDeps['newsletters'] & Pick<Newsletters, 'find' | 'takeTurn' | 'remember'>;
  readonly issues: IssueTellingDeps['issues'] & Pick<Issues, 'launched' | 'takeBack' | 'close'>;
  readonly campaigns: Pick<Campaigns, 'find' | 'launch' | 'schedule' | 'edit'>;
  readonly engine: GateDeps['engine'] & Pick<Engine, 'wakeCampaign'>;
  readonly times: Pick<ProtocolTimes, 'lease'>;
}

interface Reading {
  readonly newsletter: Newsletter;
  readonly row: Issue;
  readonly campaign: Campaign | null;
}

/** From a written issue to its end. Each step may be repeated: the rows say what was done. */
export function issueLaunch(deps: IssueLaunchDeps) {
  const read = async (ref: IssueRef): Promise<Reading | null> => {
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
      const reading = await read(ref);
      return reading === null ? gone(ref) : launchOf(deps, reading);
    },

    /** What has become of its campaign meanwhile. */
    watchIssue: async (ref: IssueRef): Promise<IssueView> => {
      const reading = await read(ref);
      if (reading === null) return gone(ref);
      return reading.row.state === 'launched' ? watched(deps, reading) : asItStands(deps, reading.row);
    },

    skipIssue: async (ref: IssueRef, reason: IssueReason): Promise<IssueView> => {
      const row = await skipped(deps, keyOf(ref), reason);
      return row === null ? gone(ref) : viewOf(row);
    },
  };
}

async function launchOf(deps: IssueLaunchDeps, reading: Reading): Promise<IssueView> {
  const { row, campaign } = reading;
  if (row.state !== 'preparing') return asItStands(deps, row);
  const isDone = campaign?.launch_origin === originOf(row);
  const stopped = isDone ? null : await passedOn(deps, reading);
  if (stopped !== null) return viewOf((await skipped(deps, row, stopped.reason, stopped.detail)) ?? row);
  const after = (await deps.issues.launched(row, campaign?.subject ?? '')) ?? row;
  return asItStands(deps, after);
}

async function asItStands(deps: IssueLaunchDeps, row: Issue): Promise<IssueView> {
  await settled(deps, row);
  return viewOf(row);
}

/** The claim under which an issue's campaign is made and launched. */
function originOf({ _id }: Issue): string {
  return `issue ${_id}`;
}

type Stopped = Pick<Passed & { kind: 'stopped' }, 'reason' | 'detail'>;

/** Null: its campaign is launched. */
async function passedOn(deps: IssueLaunchDeps, { newsletter, row, campaign }: Reading): Promise<Stopped | null> {
  if (campaign?.state !== 'draft') return { reason: 'withdrawn', detail: null };
  if (newsletter.state === 'paused' && row.kind === 'scheduled') return { reason: 'paused', detail: null };
  const passed = await gates(deps, newsletter, campaign);
  if (passed.kind === 'stopped') return passed;
  const at = row.kind === 'scheduled' && row.send_at > now() ? row.send_at : null;
  const gap = (newsletter.min_gap_minutes ?? 0) * 60_000;
  const isFree = await deps.newsletters.takeTurn(row.account, newsletter._id, row._id, at ?? now(), gap);
  if (!isFree) return { reason: 'too_soon', detail: null };
  await showFirst(deps, newsletter, campaign, passed.rendered);
  await started(deps, campaign, at, originOf(row));
  return null;
}

/** As the API launches one: the row first, then its workflow hears of it. */
async function started(deps: IssueLaunchDeps, seen: Campaign, at: Date | null, origin: string): Promise<Campaign> {
  const row = at === null ? await deps.campaigns.launch(seen, origin) : await deps.campaigns.schedule(seen, at, origin);
  // Somebody else wrote first: the step is repeated and decides anew.
  if (row === null) throw new Error('the campaign was written meanwhile');
  await deps.engine.wakeCampaign(row).catch(() => undefined);
  return row;
}

async function watched(deps: IssueLaunchDeps, { newsletter, row, campaign }: Reading): Promise<IssueView> {
  if (campaign === null) return asItStands(deps, (await deps.issues.takeBack(row, 'withdrawn', null)) ?? row);
  switch (campaign.state) {
    case 'awaiting_approval':
      return viewOf(row);
    case 'scheduled':
      return viewOf(row, { due: campaign.scheduled_at?.toISOString() ?? null });
    case 'draft':
    case 'drafting':
      return takenBack(deps, { newsletter, row, campaign });
    default:
      await rememberFeed(deps, newsletter, row);
      return ended(deps, row, campaign);
  }
}

/** Not approved, not in time, or taken back by hand. */
async function takenBack(
  deps: IssueLaunchDeps,
  { newsletter, row, campaign }: Reading & { campaign: Campaign },
): Promise<IssueView> {
  const { reason } = campaign;
  if (reason === 'approval_expired' && newsletter.on_expiry === 'send') {
    const unasked = await deps.campaigns.edit(campaign, { approval: null });
    if (unasked === null) throw new Error('the campaign was written meanwhile');
    await started(deps, unasked, null, `issue ${row._id} unanswered`);
    return viewOf(row);
  }
  const why = reason === 'approval_expired' || reason === 'rejected' ? reason : 'withdrawn';
  const comment = campaign.approval?.answer?.comment ?? null;
  return asItStands(deps, (await deps.issues.takeBack(row, why, comment)) ?? row);
}

/** What stood in the feed is not new any more, once it goes out. */
async function rememberFeed(
  { newsletters }: IssueLaunchDeps,
  { memory, account, _id }: Newsletter,
  { feed }: Issue,
): Promise<void> {
  if (feed === null) return;
  const { marks, ...at } = feed;
  await newsletters.remember(account, _id, remembered(memory, at, marks));
}

async function ended(deps: IssueLaunchDeps, row: Issue, campaign: Campaign): Promise<IssueView> {
  const { state } = campaign;
  if (state !== 'sent' && state !== 'failed' && state !== 'cancelled') return viewOf(row);
  const sentLate = millisecondsBehind(row, campaign) >= deps.times.lease;
  const after = (await deps.issues.close(row, state === 'sent' ? 'sent' : 'failed', sentLate)) ?? row;
  return asItStands(deps, after);
}
