import { now } from '../../clock.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { CampaignTotals } from '../../store/campaigns/recipient-totals.js';
import type { Drafts } from '../../store/drafts/drafts.js';
import type { Messages } from '../../store/messages/messages.js';
import { draftHolder, type Outcome, type Quotas } from '../../store/quotas/quotas.js';
import type { Reservation } from '../../store/quotas/rows.js';

export interface QuotaSweepDeps {
  readonly quotas: Pick<Quotas, 'due' | 'sweepAgain' | 'settle' | 'settleCampaign'>;
  readonly messages: Pick<Messages, 'findMany'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly drafts: Pick<Drafts, 'find'>;
  readonly recipients: {
    totals(account: number, campaign: number): Promise<Pick<CampaignTotals, 'sent' | 'uncertain'>>;
  };
}

const BATCH_SIZE = 500;
/** Rows of one pass, so that it ends in time; the next pass continues. */
const MOST_PER_PASS = 10_000;
/** Milliseconds. A holder that does not exist by then is never written: its request has failed. */
const GIVEN_UP = 600_000;

/**
 * Settles reservations whose holder has ended. Message reservations are settled only here, others only after a crash.
 */
export async function sweepQuotas(deps: QuotaSweepDeps): Promise<void> {
  for (let seen = 0; seen < MOST_PER_PASS; seen += BATCH_SIZE) {
    const due = await deps.quotas.due(now(), BATCH_SIZE);
    await settleReservations(deps, due);
    if (due.length < BATCH_SIZE) return;
  }
}

async function settleReservations(deps: QuotaSweepDeps, due: readonly Reservation[]): Promise<void> {
  const { ended, until } = await ofMessages(deps, due);
  const outcomes = [...ended, ...(await ofDrafts(deps, due))];
  await deps.quotas.settle(outcomes);
  const over = new Set(outcomes.map(({ _id }) => _id));
  for (const row of due) if (await campaignIsOver(deps, row)) over.add(row._id);
  await deps.quotas.sweepAgain(
    due.filter(({ _id }) => !over.has(_id)),
    until,
  );
}

interface OfMessages {
  readonly ended: readonly Outcome[];
  /**
   * When scheduled messages are due. Their reservation does not change before, except by a cancellation, which releases
   * it at once.
   */
  readonly until: ReadonlyMap<string, Date>;
}

async function ofMessages({ messages }: QuotaSweepDeps, due: readonly Reservation[]): Promise<OfMessages> {
  const ended: Outcome[] = [];
  const until = new Map<string, Date>();
  for (const account of new Set(due.map((row) => row.account))) {
    const own = due.flatMap((row) =>
      row.account === account && row.holder.kind === 'message' ? [{ row, id: row.holder.message }] : [],
    );
    const found = new Map(
      (
        await messages.findMany(
          account,
          own.map(({ id }) => id),
        )
      ).map((one) => [one._id, one]),
    );
    for (const { row, id } of own) {
      const message = found.get(id);
      const state = message?.state ?? stateOfMissing(row);
      if (state === 'sent' || state === 'uncertain') ended.push({ _id: row._id, used: 1 });
      else if (state === 'failed' || state === 'cancelled' || state === 'gone') ended.push({ _id: row._id, used: 0 });
      else if (message !== undefined) until.set(row._id, message.due);
    }
  }
  return { ended, until };
}

async function ofDrafts({ drafts }: QuotaSweepDeps, due: readonly Reservation[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { holder, ...row } of due) {
    if (holder.kind !== 'draft') continue;
    const state = (await drafts.find({ account: row.account, ...holder }))?.state ?? stateOfMissing(row);
    if (state === 'ready') outcomes.push({ _id: draftHolder(holder), used: 1 });
    if (state === 'failed' || state === 'cancelled' || state === 'gone') outcomes.push({ _id: row._id, used: 0 });
  }
  return outcomes;
}

function stateOfMissing({ at }: Pick<Reservation, 'at'>): 'gone' | 'awaited' {
  return at.getTime() + GIVEN_UP < now().getTime() ? 'gone' : 'awaited';
}

/** True if the campaign had ended and is settled now. */
async function campaignIsOver({ campaigns, recipients, quotas }: QuotaSweepDeps, row: Reservation): Promise<boolean> {
  if (row.holder.kind !== 'campaign') return false;
  const { campaign: id, launch } = row.holder;
  const campaign = await campaigns.find(row.account, id);
  const isThis = campaign?.launch === launch;
  if (isThis && campaign.closed_at === null) return false;
  // A launch that was cancelled before it sent, or whose campaign was deleted, has mailed no recipient.
  const { sent, uncertain } = isThis ? await recipients.totals(row.account, id) : NONE_MAILED;
  await quotas.settleCampaign(id, launch, sent + uncertain);
  return true;
}

const NONE_MAILED = { sent: 0, uncertain: 0 };
