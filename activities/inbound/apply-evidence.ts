import { now } from '../../clock.js';
import type { Evidence, SettlingEvidence } from '../../domain/delivery/evidence.js';
import { decideForAddress } from '../../domain/delivery/suppression.js';
import { parseMailbox } from '../../mail/address.js';
import { messageIdOf } from '../../mail/letter/compile.js';
import type { AddressOwner, ReturnPaths } from '../../mail/tokens/return-path.js';
import {
  type MessageEvidenceStores,
  type RecipientEvidenceStores,
  settleMessage,
  settleRecipient,
} from '../../services/evidence.js';
import { applyComplaint, applyRefusal, type SuppressionStores } from '../../services/suppress.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Event } from '../../store/events/events.js';
import type { ProviderReport } from '../../store/inbound/row.js';
import type { Messages } from '../../store/messages/messages.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';
import type { ReputationGuard } from '../campaign/reputation.js';

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

/** The mail that a report is about, and the address it was sent to. */
export interface ReportedMail {
  readonly account: number;
  /** Identity of the address. */
  readonly emailKey: string;
  readonly campaign?: number;
  readonly subscriber?: number;
  readonly message?: string;
  /** The recipient unsubscribes: the mail came to the unsubscribe address. */
  readonly unsubscribes?: true;
}

export interface ReportedMailDeps {
  readonly subscribers: Pick<Subscribers, 'ofLink'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly messages: Pick<Messages, 'ofReturnPath'>;
}

type MailIdentifiers = Pick<ProviderReport, 'addresses' | 'messageIds'>;

interface ReportScope {
  /** Only mail of this account; null: of any. */
  readonly account: number | null;
  /** Whether an unsubscribe address is enough: the holder of a link can unsubscribe and complain, no more. */
  readonly byUnsubscribeAddress: boolean;
}

/**
 * Finds the mail by marks that only we can make: the MAC of a return path first, then the secret in a Message-ID.
 * Undefined if no valid mark is within the scope.
 */
export async function reportedMailOf(
  deps: ReportedMailDeps,
  paths: Pick<ReturnPaths, 'read'>,
  { addresses, messageIds }: MailIdentifiers,
  { account, byUnsubscribeAddress }: ReportScope,
): Promise<ReportedMail | undefined> {
  const isAllowed = (reported: ReportedMail | undefined) =>
    reported !== undefined &&
    (account === null || reported.account === account) &&
    (byUnsubscribeAddress || reported.unsubscribes !== true);
  for (const address of addresses) {
    const read = paths.read(address.slice(0, address.lastIndexOf('@')));
    const reported = read && (await mailOfAddress(deps, read));
    if (isAllowed(reported)) return reported;
  }
  for (const messageId of messageIds) {
    const reported = await mailOfMessageId(deps, messageId);
    if (isAllowed(reported)) return reported;
  }
  return undefined;
}

/** A provider's report about an address applies to the account of its webhook alone. */
export function reportedAddress(account: number, email: string | null): ReportedMail | undefined {
  const emailKey = email === null ? undefined : parseMailbox(email)?.identity;
  return emailKey === undefined ? undefined : { account, emailKey };
}

function mailOfAddress(deps: ReportedMailDeps, owner: AddressOwner): Promise<ReportedMail | undefined> {
  if (owner.kind === 'message') return mailOfMessage(deps, owner.message);
  return mailOfRecipient(deps, owner.campaign, owner.subscriber, owner.kind === 'leave');
}

async function mailOfMessage({ messages }: ReportedMailDeps, id: string): Promise<ReportedMail | undefined> {
  const row = await messages.ofReturnPath(id);
  return row === null ? undefined : { account: row.account, emailKey: row.to_key, message: row._id };
}

async function mailOfRecipient(
  { subscribers }: ReportedMailDeps,
  campaign: number,
  subscriber: number,
  unsubscribes = false,
): Promise<ReportedMail | undefined> {
  const row = await subscribers.ofLink(subscriber);
  if (row === null) return undefined;
  // Campaign 0 means the list as a whole.
  const mail = campaign === 0 ? {} : { campaign };
  return { account: row.account, emailKey: row.email_key, subscriber, ...mail, ...(unsubscribes && { unsubscribes }) };
}

/** `<campaign>.<subscriber>.<mark>@…` or `<uuid>@…`; only Everpost and the recipient know the mark. */
async function mailOfMessageId(deps: ReportedMailDeps, messageId: string): Promise<ReportedMail | undefined> {
  const local = messageId.slice(0, messageId.lastIndexOf('@'));
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(local)) return mailOfMessage(deps, local.toLowerCase());
  const [, campaign, subscriber] = /^(\d{1,15})\.(\d{1,15})\.[\w-]{10}$/.exec(local) ?? [];
  const reported = campaign && subscriber && (await mailOfRecipient(deps, Number(campaign), Number(subscriber)));
  if (!reported) return undefined;
  const row = await deps.campaigns.find(reported.account, Number(campaign));
  if (row === null) return undefined;
  const letter = { boundarySeed: row.seed, campaign: row._id };
  const expected = messageIdOf({ letter, sender: { domain: '' } }, Number(subscriber));
  return expected === `<${local}@>` ? reported : undefined;
}
