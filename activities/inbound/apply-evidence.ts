import { now } from '../../clock.js';
import type { Evidence, SettlingEvidence } from '../../domain/delivery/evidence.js';
import { decideForAddress } from '../../domain/delivery/suppression.js';
import {
  type MessageEvidenceStores,
  type RecipientEvidenceStores,
  settleMessage,
  settleRecipient,
} from '../../services/evidence.js';
import { applyComplaint, applyRefusal, type SuppressionStores } from '../../services/suppress.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Event } from '../../store/events/events.js';
import type { Messages } from '../../store/messages/messages.js';
import type { ReputationGuard } from '../campaign/reputation.js';
import type { ReportedMail } from './reported-mail.js';

export interface EvidenceDeps extends SuppressionStores, RecipientEvidenceStores, MessageEvidenceStores {
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly guard: ReputationGuard;
  readonly messages: Pick<Messages, 'ofReturnPath'>;
}

/**
 * Applies evidence to the address, the event log and uncertain recipients. Every step may be repeated. Returns the
 * verdict in one word.
 */
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

/** Settles an uncertain mail; sent and failed ones stay as they are. */
async function settle(
  deps: EvidenceDeps,
  { account, message, campaign, subscriber }: ReportedMail,
  result: Omit<SettlingEvidence, 'at'>,
): Promise<void> {
  const evidence = { ...result, at: now() };
  if (message !== undefined) {
    const row = await deps.messages.ofReturnPath(message);
    if (row?.account === account) await settleMessage(deps, row, evidence);
    return;
  }
  if (campaign === undefined || subscriber === undefined) return;
  const row = await deps.campaigns.find(account, campaign);
  const position = row === null ? undefined : await deps.uncertainRecipients.lastPositionOf(row, subscriber);
  if (position !== undefined) await settleRecipient(deps, account, position, evidence);
}

/** The events of a report. A report that names only an address has none: its subscribers have their own events. */
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
