import { statusOf } from '../../../domain/campaign.js';
import type { CampaignTotals } from '../../../domain/totals.js';
import type { CampaignSummary } from '../../../store/campaign-reading.js';
import type { Campaign } from '../../../store/campaigns.js';
import type { Deps } from '../../deps.js';
import type { CampaignRowShown, CampaignShown } from '../../schemas/campaign.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';

/** Answers one campaign with its content and where its audience stands. */
export async function shown({ recipients }: Pick<Deps, 'recipients'>, row: Campaign): Promise<{ data: CampaignShown }> {
  const totals = await recipients.totals(row.account, row._id);
  return { data: { ...rowShown(row, totals), content: row.html, text: row.text } };
}

/** Rows of a list, without their content. */
export async function allShown(
  { recipients }: Pick<Deps, 'recipients'>,
  account: number,
  rows: readonly CampaignSummary[],
): Promise<CampaignRowShown[]> {
  const ids = rows.map(({ _id }) => _id);
  const totals = await recipients.totalsOfMany(account, ids);
  return rows.flatMap((row) => {
    const own = totals.get(row._id);
    return own === undefined ? [] : [rowShown(row, own)];
  });
}

function rowShown(row: CampaignSummary, { anySent, ...totals }: CampaignTotals): CampaignRowShown {
  const { _id: id, name, subject, preheader, state, reason, list_id, creation_method, from, reply_to, settings } = row;
  return {
    id,
    name,
    subject,
    preheader,
    status: statusOf(state, anySent),
    state,
    reason,
    list_id,
    template_id: row.template_id,
    creation_method,
    from,
    reply_to,
    settings,
    rate_per_second: row.want.rate ?? settings.rate_per_second,
    recipient_count: row.round < 0 ? 0 : row.recipient_count,
    emails_sent: totals.sent,
    emails_failed: totals.failed,
    opens: 0,
    clicks: 0,
    stats: { ...totals, rounds: row.round + 1 },
    scheduled_at: timestampOrNull(row.scheduled_at),
    sent_at: timestampOrNull(row.sent_at),
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}
