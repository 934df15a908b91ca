import { ISSUE_REASONS, type IssueReason } from '../../domain/newsletter/issue.js';
import type { Campaign, Campaigns } from '../../store/campaigns.js';
import type { Events } from '../../store/events.js';
import type { Issue, IssueKey, Issues } from '../../store/newsletter/issues.js';
import type { PushedData } from '../../store/newsletter/pushed.js';
import type { Newsletters } from '../../store/newsletters.js';

export interface IssueTellingDeps {
  readonly events: Pick<Events, 'append'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly issues: Pick<Issues, 'find' | 'skip'>;
  readonly newsletters: Pick<Newsletters, 'giveTurnBack'>;
  readonly pushed: Pick<PushedData, 'giveBack'>;
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
export async function tell(
  { events }: Pick<IssueTellingDeps, 'events'>,
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
export async function skipped(
  deps: IssueTellingDeps,
  key: IssueKey,
  reason: IssueReason,
  detail?: string | null,
): Promise<Issue | null> {
  const row = (await deps.issues.skip(key, reason, detail)) ?? (await deps.issues.find(key));
  if (row !== null) await settled(deps, row);
  return row;
}

/** What follows from the state of an issue, where whoever wrote its row may have died before it; a repetition changes nothing. */
export async function settled(deps: IssueTellingDeps, row: Issue): Promise<void> {
  if (row.state === 'skipped') {
    await deps.pushed.giveBack(row.account, row.newsletter, row._id);
    await deps.newsletters.giveTurnBack(row.account, row.newsletter, row._id);
    await tellSkipped(deps, row);
  } else if (row.state !== 'preparing') {
    await tell(deps, row, 'launched');
  }
  if (row.state !== 'sent' && row.state !== 'failed') return;
  const campaign = row.campaign === null ? null : await deps.campaigns.find(row.account, row.campaign);
  await tell(deps, row, row.state, {
    late: row.late || row.sent_late,
    seconds_behind: Math.max(0, Math.round(millisecondsBehind(row, campaign) / 1_000)),
  });
}

/** How long after its time it went out. */
export function millisecondsBehind({ send_at }: Issue, campaign: Pick<Campaign, 'launched_at'> | null): number {
  return (campaign?.launched_at?.getTime() ?? 0) - send_at.getTime();
}

async function tellSkipped(deps: Pick<IssueTellingDeps, 'events'>, row: Issue): Promise<void> {
  const reason = row.reason ?? 'source_failed';
  await tell(deps, row, 'skipped', { reason, detail: row.detail ?? ISSUE_REASONS[reason] });
}
