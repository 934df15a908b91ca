import type { FastifyReply } from 'fastify';
import { fixedLetter, statusOf } from '../../../domain/campaign.js';
import { type Engagement, NO_ENGAGEMENT } from '../../../domain/engagement.js';
import { finding } from '../../../domain/finding.js';
import { templateFor } from '../../../domain/template.js';
import type { CampaignTotals } from '../../../domain/totals.js';
import { isDocument } from '../../../mail/document.js';
import type { Account } from '../../../store/accounts.js';
import type { CampaignSummary } from '../../../store/campaign-reading.js';
import type { Campaign } from '../../../store/campaigns.js';
import type { Deps } from '../../deps.js';
import { tagged } from '../../revisions.js';
import type { CampaignRowShown, CampaignShown } from '../../schemas/campaign.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import { approvalShown } from './approval-view.js';

type Reading = Pick<Deps, 'accounts' | 'recipients' | 'engagements'>;

/** Answers one campaign with its content and where its audience stands. */
async function shown(deps: Reading, row: Campaign): Promise<{ data: CampaignShown }> {
  const [totals, engagement, account] = await Promise.all([
    deps.recipients.totals(row.account, row._id),
    deps.engagements.of(row),
    deps.accounts.find(row.account),
  ]);
  const summary = { ...row, is_document: isDocument(row.html) };
  const findings = row.findings?.map(({ code, where }) => finding(code, where)) ?? null;
  const content = { content: row.html, text: row.text, findings };
  return { data: { ...rowShown(summary, totals, engagement, account), ...content } };
}

/** The same as an answer, whose ETag says what was read. */
export async function answered(deps: Reading, reply: FastifyReply, turn: Campaign | Promise<Campaign>) {
  const row = await turn;
  tagged(reply, { revision: tagOf(row) });
  return shown(deps, row);
}

/** Content has a revision, everything else that is steered a version. */
export function tagOf({ revision, want }: Pick<Campaign, 'revision' | 'want'>): string {
  return `${revision}.${want.v}`;
}

/** Rows of a list, without their content. */
export async function allShown(
  { accounts, recipients, engagements }: Reading,
  account: number,
  rows: readonly CampaignSummary[],
): Promise<CampaignRowShown[]> {
  const ids = rows.map(({ _id }) => _id);
  const [totals, reached, owner] = await Promise.all([
    recipients.totalsOfMany(account, ids),
    engagements.ofMany(account, rows),
    accounts.find(account),
  ]);
  return rows.flatMap((row) => {
    const own = totals.get(row._id);
    return own === undefined ? [] : [rowShown(row, own, reached.get(row._id) ?? NO_ENGAGEMENT, owner)];
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

/** The template its letter is in, or would be in now. */
function templateShown(row: CampaignSummary, account: Pick<Account, 'default_template'> | null): number | null {
  if (fixedLetter(row) !== null) return row.rendered_into ?? null;
  return templateFor(row, account?.default_template);
}

function rowShown(
  row: CampaignSummary,
  totals: CampaignTotals,
  engagement: Engagement,
  account: Account | null,
): CampaignRowShown {
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
    template_id: templateShown(row, account),
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
