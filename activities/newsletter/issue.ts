import { ISSUE_REASONS, type IssueReason, type IssueState, issueId } from '../../domain/newsletter/issue.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Events } from '../../store/events/events.js';
import type { Issue, IssueKey, Issues, PushedData } from '../../store/newsletters/issues.js';
import type { Newsletters } from '../../store/newsletters/newsletters.js';
import type { DraftInput } from '../../workflows/messages/campaign.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import type { HeldPlan } from '../campaign/plan.js';

/** Dependencies of every step of an issue. */
export interface IssueDeps {
  readonly newsletters: Newsletters;
  readonly issues: Issues;
  readonly pushedData: PushedData;
  readonly campaigns: Campaigns;
  readonly events: Events;
  /** `lease` in milliseconds. */
  readonly times: { readonly lease: number };
}

/** The view of an issue in its workflow: states, times and ids, no content. */
export interface IssueView {
  readonly state: IssueState | 'gone';
  /** The issue is not over. */
  readonly open: boolean;
  /** There is content to send. */
  readonly ready: boolean;
  readonly sendAt: string;
  /** When the next change is expected; null: soon. */
  readonly due: string | null;
  /** A draft that must be written first. */
  readonly draft: DraftInput | null;
  /** The reason for which the issue would be skipped now. */
  readonly trouble: IssueReason;
  /** Why it was skipped; absent in histories of earlier versions, like `campaign`. */
  readonly reason?: IssueReason | null;
  readonly campaign?: number | null;
  /** Why its campaign is paused or makes no progress; absent: it moves, or was not looked at. */
  readonly held?: HeldPlan | null;
}

export function keyOf({ account, newsletter, scheduledAt }: IssueRef): IssueKey {
  return { account, _id: issueId(newsletter, new Date(scheduledAt)) };
}

export function viewOf(row: Issue, more: Partial<IssueView> = {}): IssueView {
  const open = row.state === 'preparing' || row.state === 'launched';
  const sendAt = row.send_at.toISOString();
  const { state, reason, campaign } = row;
  const rest = { ready: false, due: null, draft: null, trouble: 'source_failed' } as const;
  return { state, open, sendAt, reason, campaign, ...rest, ...more };
}

/** The newsletter, or the issue's row, is deleted: nothing is left to do. */
export function gone({ scheduledAt }: IssueRef): IssueView {
  const empty = { ready: false, due: null, draft: null };
  return { state: 'gone', open: false, sendAt: scheduledAt, trouble: 'withdrawn', ...empty };
}

const TYPES = {
  begun: 'newsletter.issue_begun',
  late: 'newsletter.issue_late',
  launched: 'newsletter.issue_launched',
  skipped: 'newsletter.issue_skipped',
  sent: 'newsletter.issue_sent',
  failed: 'newsletter.issue_failed',
} as const;

/** Appends an event about an issue; a repetition changes nothing. */
export async function publish(
  { events }: Pick<IssueDeps, 'events'>,
  row: Issue,
  what: keyof typeof TYPES,
  data: object = {},
): Promise<void> {
  const { account, newsletter, campaign, _id } = row;
  const fields = { issue: _id, newsletter, scheduled_at: row.scheduled_at.toISOString(), ...data };
  const ofCampaign = campaign !== null && { campaign };
  await events.append([{ _id: `issue:${_id}:${what}`, account, type: TYPES[what], ...ofCampaign, data: fields }]);
}

/** Skips an issue: the row first, then the event with the reason. A repetition after a crash appends a missing event. */
export async function skip(
  deps: IssueDeps,
  key: IssueKey,
  reason: IssueReason,
  detail?: string | null,
): Promise<Issue | null> {
  const row = (await deps.issues.skip(key, reason, detail)) ?? (await deps.issues.find(key));
  if (row !== null) await settle(deps, row);
  return row;
}

/** Repeats the writes that follow an issue's state, in case the process crashed after writing the row. Safe to repeat. */
export async function settle(deps: IssueDeps, row: Issue): Promise<void> {
  if (row.state === 'skipped') {
    await deps.pushedData.release(row.account, row.newsletter, row._id);
    await deps.newsletters.releaseSendTime(row.account, row.newsletter, row._id);
    const reason = row.reason ?? 'source_failed';
    await publish(deps, row, 'skipped', { reason, detail: row.detail ?? ISSUE_REASONS[reason] });
  } else if (row.state !== 'preparing') {
    await publish(deps, row, 'launched');
  }
  if (row.state !== 'sent' && row.state !== 'failed') return;
  const campaign = row.campaign === null ? null : await deps.campaigns.find(row.account, row.campaign);
  await publish(deps, row, row.state, {
    late: row.late || row.sent_late,
    seconds_behind: Math.max(0, Math.round(millisecondsBehind(row, campaign) / 1_000)),
  });
}

/** How long after its time the issue was launched. */
export function millisecondsBehind({ send_at }: Issue, campaign: Pick<Campaign, 'launched_at'> | null): number {
  return (campaign?.launched_at?.getTime() ?? 0) - send_at.getTime();
}
