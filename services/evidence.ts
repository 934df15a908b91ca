import { now } from '../clock.js';
import type { LedgerPage } from '../domain/campaign/ledger-page.js';
import type { SettlingEvidence } from '../domain/delivery/evidence.js';
import { stepOfEvidence } from '../domain/message/step.js';
import type { Campaign } from '../store/campaigns/row.js';
import type { LedgerPosition, UncertainRecipients } from '../store/campaigns/uncertain-recipients.js';
import type { Events } from '../store/events/events.js';
import type { MessageProgress } from '../store/messages/progress.js';
import type { Message } from '../store/messages/row.js';
import type { Engagements } from '../store/tracking/engagement.js';

/**
 * Late evidence (a click, a report, the reply to a lost owner) settles uncertain recipients and messages. The write
 * that settles also makes the event due: on a page by the entry's `unpublished` mark, in a message by its `sweep_at`.
 * If a process dies between the write and the event, the sweep appends the event.
 */
export interface RecipientEvidenceStores {
  readonly uncertainRecipients: UncertainRecipients;
  readonly events: Events;
}

/**
 * Settles one recipient and publishes every due event of its page, including those of an earlier try. `owner`: the
 * token of the owner that left the recipient uncertain, if the evidence is its own.
 */
export async function settleRecipient(
  stores: RecipientEvidenceStores,
  account: number,
  { page, i }: LedgerPosition,
  evidence: SettlingEvidence,
  owner?: string,
): Promise<void> {
  const late = { ...evidence, i, ...(owner !== undefined && { by: owner }) };
  await stores.uncertainRecipients.recordLateEvidence(account, page, late);
  const settled = await stores.uncertainRecipients.page(account, page);
  if (settled !== null) await publishPage(stores, settled);
}

/** Settles subscribers who clicked: a click proves the delivery. */
export async function settleClickers(
  stores: RecipientEvidenceStores,
  campaign: Pick<Campaign, '_id' | 'account'>,
  subscribers: readonly number[],
  at: Date,
): Promise<void> {
  for (const position of await stores.uncertainRecipients.positionsOf(campaign, subscribers)) {
    await settleRecipient(stores, campaign.account, position, clickedAt(at));
  }
}

/** A click may come before the recipient is uncertain: this settles recipients by earlier clicks. */
export async function settleEarlierClickers(
  stores: RecipientEvidenceStores & { readonly engagements: Engagements },
  campaign: Pick<Campaign, '_id' | 'account'>,
): Promise<void> {
  const { account, _id } = campaign;
  const uncertain = await stores.uncertainRecipients.ofCampaign(campaign);
  if (uncertain.length === 0) return;
  await settleClickers(stores, campaign, await stores.engagements.clickersAmong(account, _id, uncertain), now());
}

/** For the sweep: appends the events of late evidence that a process left when it died. */
export async function publishLateEvidence(stores: RecipientEvidenceStores): Promise<void> {
  for await (const page of stores.uncertainRecipients.unpublishedPages()) await publishPage(stores, page);
}

/** Event ids derive from the entry: if several processes append the same event, one is stored. */
async function publishPage({ uncertainRecipients, events }: RecipientEvidenceStores, page: LedgerPage): Promise<void> {
  const { _id, account, campaign, ids } = page;
  const due = page.exceptions.filter(({ unpublished }) => unpublished === true);
  if (due.length === 0) return;
  const happened = due.map(({ i, kind, class: reason, code }) => {
    const subscriber = ids[i];
    const about = { account, campaign, ...(subscriber !== undefined && { subscriber }) };
    // After a restore an entry may become uncertain, and be settled by evidence later: two events.
    const cause = kind === 'uncertain' ? 'restored' : 'late';
    return { _id: `${_id}:${i}:${cause}`, ...about, type: `recipient.${kind}`, data: { class: reason, code } };
  });
  await events.append(happened);
  await uncertainRecipients.confirmPublished(page, due);
}

export interface MessageEvidenceStores {
  readonly messageProgress: Pick<MessageProgress, 'recordLateEvidence'>;
}

/**
 * Settles a message; null if it is not uncertain, or not by this owner. Its row is then due for the sweep, which
 * publishes the event unless the caller does.
 */
export async function settleMessage(
  { messageProgress }: MessageEvidenceStores,
  { account, _id, attempt, state, token }: Message,
  evidence: SettlingEvidence & { readonly attempt?: number },
  owner?: string,
): Promise<Message | null> {
  const { kind, at, attempt: n = attempt } = evidence;
  const isUncertain = token !== null && (state === 'uncertain' || state === 'deferred');
  if (owner === undefined && !isUncertain) return null;
  return messageProgress.recordLateEvidence(account, _id, stepOfEvidence({ n, at }, kind, evidence), owner);
}

/** The recipient clicked in the message, which proves the delivery. */
export function settleClickedMessage(stores: MessageEvidenceStores, row: Message, at: Date): Promise<Message | null> {
  return settleMessage(stores, row, clickedAt(at));
}

const MAX_CLICKS = 100;

/** A click may come before the message is uncertain: an earlier click settles it. Returns the row afterwards. */
export async function settleByEarlierClick(
  stores: MessageEvidenceStores & { readonly events: Pick<Events, 'ofMessage'> },
  row: Message,
): Promise<Message> {
  const { account, _id, track, token, state } = row;
  if (!track || token === null || (state !== 'uncertain' && state !== 'deferred')) return row;
  const clicks = await stores.events.ofMessage(account, _id, ['message.clicked'], MAX_CLICKS);
  if (!clicks.some(({ data }) => data?.['by'] === 'person')) return row;
  return (await settleClickedMessage(stores, row, now())) ?? row;
}

function clickedAt(at: Date): SettlingEvidence {
  return { kind: 'sent', class: 'clicked', code: null, reply: null, at };
}
