import { statusOf } from '../../../domain/campaign.js';
import { type Engagement, NO_ENGAGEMENT } from '../../../domain/engagement.js';
import type { CampaignTotals } from '../../../domain/totals.js';
import type { CampaignSummary } from '../../../store/campaign-reading.js';
import type { Campaign } from '../../../store/campaigns.js';
import type { Deps } from '../../deps.js';
import type { CampaignRowShown, CampaignShown } from '../../schemas/campaign.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import { approvalShown } from './approval-view.js';

type Reading = Pick<Deps, 'recipients' | 'engagements'>;

/** Answers one campaign with its content and where its audience stands. */
export async function shown({ recipients, engagements }: Reading, row: Campaign): Promise<{ data: CampaignShown }> {
  const [totals, engagement] = await Promise.all([recipients.totals(row.account, row._id), engagements.of(row)]);
  return { data: { ...rowShown(row, totals, engagement), content: row.html, text: row.text } };
}

/** Rows of a list, without their content. */
export async function allShown(
  { recipients, engagements }: Reading,
  account: number,
  rows: readonly CampaignSummary[],
): Promise<CampaignRowShown[]> {
  const ids = rows.map(({ _id }) => _id);
  const [totals, reached] = await Promise.all([
    recipients.totalsOfMany(account, ids),
    engagements.ofMany(account, rows),
  ]);
  return rows.flatMap((row) => {
    const own = totals.get(row._id);
    return own === undefined ? [] : [rowShown(row, own, reached.get(row._id) ?? NO_ENGAGEMENT)];
  });
}

/** Where the audience stands by the ledger, and what came of the mails by the river. */
export function statsOf(
  { round }: Pick<Campaign, 'round'>,
  { anySent, ...totals }: CampaignTotals,
  { links, hours, ...engagement }: Engagement,
): CampaignRowShown['stats'] {
  return { ...totals, rounds: round + 1, ...engagement };
}

function rowShown(row: CampaignSummary, totals: CampaignTotals, engagement: Engagement): CampaignRowShown {
  const { _id: id, name, subject, preheader, state, reason, list_id, creation_method, from, reply_to, settings } = row;
  return {
    id,
    name,
    subject,
    preheader,
    status: statusOf(state, totals.anySent),
    state,
    reason,
    list_id,
    template_id: row.template_id,
    creation_method,
    from,
    reply_to,
    settings,
    revision: row.revision,
    ...approvalShown(row),
    rate_per_second: row.want.rate ?? settings.rate_per_second,
    recipient_count: row.round < 0 ? 0 : row.recipient_count,
    emails_sent: totals.sent,
    emails_failed: totals.failed,
    opens: engagement.opens.people,
    clicks: engagement.clicks.people,
    stats: statsOf(row, totals, engagement),
    scheduled_at: timestampOrNull(row.scheduled_at),
    sent_at: timestampOrNull(row.sent_at),
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}
