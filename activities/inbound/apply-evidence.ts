import { now } from '../../clock.js';
import type { Evidence } from '../../domain/delivery/evidence.js';
import { decideForAddress } from '../../domain/delivery/suppression.js';
import { stepOfEvidence } from '../../domain/message/step.js';
import { applyComplaint, applyRefusal, type SuppressionStores } from '../../services/suppress.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Ledger } from '../../store/campaigns/ledger.js';
import type { LedgerPositions } from '../../store/campaigns/ledger-positions.js';
import type { Event, Events } from '../../store/events/events.js';
import type { Messages } from '../../store/messages/messages.js';
import type { MessageProgress } from '../../store/messages/progress.js';
import type { ReputationGuard } from '../campaign/reputation.js';
import type { ReportedMail } from './reported-mail.js';

export interface EvidenceDeps extends SuppressionStores {
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly events: Pick<Events, 'append'>;
  readonly guard: ReputationGuard;
  readonly ledger: Pick<Ledger, 'recordLateEvidence'>;
  readonly ledgerPositions: LedgerPositions;
  readonly messages: Pick<Messages, 'ofReturnPath'>;
  readonly messageProgress: Pick<MessageProgress, 'recordLateEvidence'>;
}

/** Acts on what is proven: the address, the river, doubt in the ledger. Every step may be repeated. Answers in one word. */
export async function applyEvidence(
  deps: EvidenceDeps,
  reported: ReportedMail,
  evidence: Evidence,
  at: Date,
): Promise<string> {
  switch (evidence.kind) {
    case 'left':
      return unsubscribe(deps, reported);
    case 'complained':
      await deps.events.append(eventsFor(reported, 'complained', { detail: evidence.detail }));
      await applyComplaint(deps, reported, evidence.detail);
      if (reported.campaign !== undefined) await deps.guard(reported.account, reported.campaign);
      return 'complained';
    case 'delayed':
      await applyRefusal(deps, reported, { ...evidence.fate, at }, 'report');
      return 'delayed';
    case 'delivered':
      await settle(deps, reported, { kind: 'sent', class: 'accepted', code: null, reply: null });
      return 'delivered';
    case 'bounced':
      return bounce(deps, reported, evidence.fate, at);
  }
}

type Bounce = Extract<Evidence, { kind: 'bounced' }>['fate'];

async function bounce(deps: EvidenceDeps, reported: ReportedMail, fate: Bounce, at: Date): Promise<string> {
  const { class: reason, code, reply } = fate;
  const hard = decideForAddress(fate, 'report') === 'suppress';
  await deps.events.append(eventsFor(reported, 'bounced', { class: reason, code, reply, hard }));
  await settle(deps, reported, { kind: 'failed', class: reason, code, reply });
  await applyRefusal(deps, reported, { ...fate, at }, 'report');
  if (hard && reported.campaign !== undefined) await deps.guard(reported.account, reported.campaign);
  return hard ? 'bounced' : 'soft_bounced';
}

async function unsubscribe({ subscribers }: EvidenceDeps, { subscriber, campaign }: ReportedMail): Promise<string> {
  if (subscriber === undefined) return 'ignored';
  await subscribers.unsubscribeByLink(subscriber, { by: 'mail', ...(campaign !== undefined && { campaign }) });
  return 'left';
}

interface LateEvidence {
  readonly kind: 'sent' | 'failed';
  readonly class: string;
  readonly code: string | null;
  readonly reply: string | null;
}

/** A mail whose fate was in doubt has one now. Who was sent to, or refused, stays what they are. */
async function settle(deps: EvidenceDeps, reported: ReportedMail, late: LateEvidence): Promise<void> {
  if (reported.message !== undefined) await settleMessage(deps, reported.account, reported.message, late);
  else if (reported.campaign !== undefined && reported.subscriber !== undefined) {
    await settleRecipient(deps, reported.account, reported.campaign, reported.subscriber, late);
  }
}

async function settleMessage(deps: EvidenceDeps, account: number, id: string, late: LateEvidence): Promise<void> {
  const row = await deps.messages.ofReturnPath(id);
  if (row === null || row.account !== account) return;
  await deps.messageProgress.recordLateEvidence(
    account,
    id,
    stepOfEvidence({ n: row.attempt, at: now() }, late.kind, late),
  );
}

async function settleRecipient(
  { campaigns, ledgerPositions, ledger, events }: EvidenceDeps,
  account: number,
  campaign: number,
  subscriber: number,
  late: LateEvidence,
): Promise<void> {
  const row = await campaigns.find(account, campaign);
  const position = row === null ? undefined : await ledgerPositions.lastPositionOf(row, subscriber);
  if (position === undefined) return;
  const { page, i } = position;
  const entry = page.exceptions.find((one) => one.i === i);
  const alreadyRecorded = entry?.kind === late.kind && entry.class === late.class;
  if (!alreadyRecorded && !(await ledger.recordLateEvidence(page, { i, ...late, at: now() }))) return;
  const { kind, class: reason, code } = late;
  const event = { _id: `${page._id}:${i}:late`, account, campaign, subscriber, type: `recipient.${kind}` };
  await events.append([{ ...event, data: { class: reason, code } }]);
}

/** What was told about which mail; a report about an address alone is told by its subscribers' own events. */
function eventsFor(
  reported: ReportedMail,
  what: 'bounced' | 'complained',
  data: Record<string, unknown>,
): Omit<Event, 'at'>[] {
  const { account, campaign, subscriber, message } = reported;
  if (message !== undefined) {
    return [{ _id: `message:${message}:${what}`, account, type: `message.${what}`, data: { message, ...data } }];
  }
  if (campaign === undefined || subscriber === undefined) return [];
  const _id = `recipient:${campaign}:${subscriber}:${what}`;
  return [{ _id, account, campaign, subscriber, type: `recipient.${what}`, data }];
}
