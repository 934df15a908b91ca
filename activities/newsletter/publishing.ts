import { ISSUE_REASONS, type IssueReason } from '../../domain/newsletter/issue.js';
import type { Campaign, Campaigns } from '../../store/campaigns/campaigns.js';
import type { Events } from '../../store/events/events.js';
import type { Issue, IssueKey, Issues } from '../../store/newsletters/issues.js';
import type { Newsletters } from '../../store/newsletters/newsletters.js';
import type { PushedData } from '../../store/newsletters/pushed-data.js';

export interface IssuePublishingDeps {
  readonly events: Pick<Events, 'append'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly issues: Pick<Issues, 'find' | 'skip'>;
  readonly newsletters: Pick<Newsletters, 'releaseSendTime'>;
  readonly pushedData: Pick<PushedData, 'release'>;
}

const TYPES = {
  begun: 'newsletter.issue_begun',
  late: 'newsletter.issue_late',
  launched: 'newsletter.issue_launched',
  skipped: 'newsletter.issue_skipped',
  sent: 'newsletter.issue_sent',
  failed: 'newsletter.issue_failed',
} as const;

/** Appends what has become of an issue; a repetition changes nothing. */
export async function publish(
  { events }: Pick<IssuePublishingDeps, 'events'>,
  row: Issue,
  what: keyof typeof TYPES,
  data: object = {},
): Promise<void> {
  const { account, newsletter, campaign, _id } = row;
  const about = { issue: _id, newsletter, scheduled_at: row.scheduled_at.toISOString(), ...data };
  await events.append([
    {
      _id: `issue:${_id}:${what}`,
      account,
      type: TYPES[what],
      ...(campaign !== null && { campaign }),
      data: about,
    },
  ]);
}

/** It does not go out. Row first, then everybody hears why; repeated after a crash, it is told all the same. */
export async function skip(
  deps: IssuePublishingDeps,
  key: IssueKey,
  reason: IssueReason,
  detail?: string | null,
): Promise<Issue | null> {
  const row = (await deps.issues.skip(key, reason, detail)) ?? (await deps.issues.find(key));
  if (row !== null) await settle(deps, row);
  return row;
}

/** What follows from the state of an issue, where whoever wrote its row may have died before it; a repetition changes nothing. */
export async function settle(deps: IssuePublishingDeps, row: Issue): Promise<void> {
  if (row.state === 'skipped') {
    await deps.pushedData.release(row.account, row.newsletter, row._id);
    await deps.newsletters.releaseSendTime(row.account, row.newsletter, row._id);
    await publishSkipped(deps, row);
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

/** How long after its time it went out. */
export function millisecondsBehind({ send_at }: Issue, campaign: Pick<Campaign, 'launched_at'> | null): number {
  return (campaign?.launched_at?.getTime() ?? 0) - send_at.getTime();
}

async function publishSkipped(deps: Pick<IssuePublishingDeps, 'events'>, row: Issue): Promise<void> {
  const reason = row.reason ?? 'source_failed';
  await publish(deps, row, 'skipped', { reason, detail: row.detail ?? ISSUE_REASONS[reason] });
}
