import type { FastifyReply } from 'fastify';
import { now } from '../../../clock.js';
import { fixedLetter, outcomeOf, statusOf } from '../../../domain/campaign/campaign.js';
import { type Engagement, NO_ENGAGEMENT } from '../../../domain/campaign/engagement.js';
import { sendingOf } from '../../../domain/campaign/speed.js';
import { finding } from '../../../domain/mail/finding.js';
import { type DefaultTemplate, templateFor } from '../../../domain/template.js';
import type { Waiting } from '../../../domain/waiting/waiting.js';
import { isDocument } from '../../../mail/letter/document.js';
import { type CampaignSpeedStores, campaignSpeed } from '../../../services/campaign-speed.js';
import { defaultTemplate } from '../../../services/letters/default-template.js';
import { type CampaignWaitingStores, campaignsWaiting } from '../../../services/waiting/campaigns-waiting.js';
import type { CampaignSummary } from '../../../store/campaigns/reading.js';
import type { CampaignTotals } from '../../../store/campaigns/recipient-totals.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { setETag } from '../../etag.js';
import { waitingView } from '../../schema/waiting.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import type { CampaignResponse, CampaignRowResponse } from './schema.js';

type ViewDeps = Pick<Deps, 'templates' | 'recipients' | 'engagements'> & CampaignWaitingStores & CampaignSpeedStores;

/** One campaign with its content and statistics. */
export async function campaignView(deps: ViewDeps, row: Campaign): Promise<{ data: CampaignResponse }> {
  const [waiting, totals, engagement, byDefault] = await Promise.all([
    campaignsWaiting(deps, row.account, [row]),
    deps.recipients.totals(row.account, row._id),
    deps.engagements.of(row),
    defaultTemplate(deps, row.account),
  ]);
  const summary = { ...row, is_document: isDocument(row.html) };
  const findings = row.findings?.map(({ code, where }) => finding(code, where)) ?? null;
  const speed = await campaignSpeed(deps, row, waiting.get(row._id) ?? null);
  const sending = sendingView(row, totals);
  const content = { content: row.html, text: row.text, findings, speed, sending };
  const view = campaignRowView(summary, { totals, engagement, waiting: waiting.get(row._id) }, byDefault);
  return { data: { ...view, ...content } };
}

function sendingView(row: Campaign, { sent, failed, uncertain }: CampaignTotals): CampaignResponse['sending'] {
  const { state, held, updated_at, launched_at, sent_at, closed_at } = row;
  const pausedAt = state === 'paused' ? (held?.since ?? updated_at) : null;
  const stopped_at = state === 'sending' || state === 'freezing' ? null : (pausedAt ?? closed_at ?? sent_at);
  const found = sendingOf({ launched_at, stopped_at }, sent + failed + uncertain, now());
  return found && { ...found, from: timestamp(found.from), to: timestampOrNull(found.to) };
}

/** Responds with the campaign and its ETag. */
export async function respondWithCampaign(deps: ViewDeps, reply: FastifyReply, campaign: Campaign | Promise<Campaign>) {
  const row = await campaign;
  setETag(reply, { revision: etagOf(row) });
  return campaignView(deps, row);
}

/** The ETag: the revision of the content and the version of the controls. */
export function etagOf({ revision, want }: Pick<Campaign, 'revision' | 'want'>): string {
  return `${revision}.${want.v}`;
}

/** Rows of a list, without their content. */
export async function campaignRowViews(
  deps: ViewDeps,
  account: number,
  rows: readonly CampaignSummary[],
): Promise<CampaignRowResponse[]> {
  const ids = rows.map(({ _id }) => _id);
  const [waiting, totals, engagementById, byDefault] = await Promise.all([
    campaignsWaiting(deps, account, rows),
    deps.recipients.totalsOfMany(account, ids),
    deps.engagements.ofMany(account, rows),
    defaultTemplate(deps, account),
  ]);
  return rows.flatMap((row) => {
    const own = totals.get(row._id);
    if (own === undefined) return [];
    const engagement = engagementById.get(row._id) ?? NO_ENGAGEMENT;
    return [campaignRowView(row, { totals: own, engagement, waiting: waiting.get(row._id) }, byDefault)];
  });
}

/** Totals of the audience from the ledger, and engagement from the event log. */
export function statsOf(
  { round }: Pick<Campaign, 'round'>,
  { anySent, excluded, ...totals }: CampaignTotals,
  { links, hours, ...engagement }: Engagement,
): CampaignRowResponse['stats'] {
  return { ...totals, rounds: round + 1, ...engagement };
}

/** The template of the rendered letter, or the one that it would be rendered with now. */
function templateIdOf(row: CampaignSummary, byDefault: DefaultTemplate): number | null {
  if (fixedLetter(row) !== null) return row.rendered_template ?? null;
  return templateFor(row, byDefault);
}

interface Shown {
  readonly totals: CampaignTotals;
  readonly engagement: Engagement;
  readonly waiting: Waiting | undefined;
}

function campaignRowView(
  row: CampaignSummary,
  { totals, engagement, waiting }: Shown,
  byDefault: DefaultTemplate,
): CampaignRowResponse {
  const { _id: id, name, subject, preheader, state, reason, list_id, creation_method, from, reply_to, settings } = row;
  return {
    id,
    name,
    subject,
    preheader,
    status: statusOf(state, totals.anySent),
    outcome: outcomeOf(state, totals),
    state,
    reason,
    waiting: waitingView(waiting),
    list_id,
    template_id: templateIdOf(row, byDefault),
    creation_method,
    from,
    reply_to,
    settings,
    revision: row.revision,
    ...approvalView(row),
    rate_per_second: row.want.rate ?? settings.rate_per_second,
    recipient_count: row.round < 0 ? 0 : row.recipient_count,
    excluded: totals.excluded,
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

/** The approval fields of a campaign in the API. */
function approvalView({ approval, rendered = null }: Pick<Campaign, 'approval' | 'rendered'>) {
  const answer = approval?.response ?? null;
  return {
    approval: approval != null,
    approval_expires_hours: approval?.hours ?? null,
    approval_asked_at: timestampOrNull(approval?.requested?.at ?? null),
    approval_expires_at: timestampOrNull(approval?.requested?.until ?? null),
    approval_letter: approval == null ? null : rendered,
    approval_answer: answer && {
      decision: answer.decision,
      revision: answer.revision,
      letter: answer.letter,
      member_id: answer.member,
      comment: answer.comment,
      at: timestamp(answer.at),
    },
  };
}
