import { now } from '../../clock.js';
import { BAD_DOMAIN } from '../../domain/bad-domain.js';
import { suppresses } from '../../domain/classify.js';
import type { Evidence } from '../../domain/evidence.js';
import { stepOfEvidence } from '../../domain/message-step.js';
import { wears } from '../../domain/soft-bounces.js';
import type { Campaigns } from '../../store/campaigns.js';
import type { Event, Events } from '../../store/events.js';
import type { Ledger } from '../../store/ledger.js';
import type { MessageProgress } from '../../store/message/progress.js';
import type { Messages } from '../../store/messages.js';
import type { Places } from '../../store/places.js';
import type { Subscribers } from '../../store/subscribers.js';
import type { ReputationGuard } from '../reputation.js';
import type { Owner } from './owners.js';

export interface ConsequenceDeps {
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly events: Pick<Events, 'append'>;
  readonly guard: ReputationGuard;
  readonly ledger: Pick<Ledger, 'late'>;
  readonly places: Places;
  readonly messages: Pick<Messages, 'ofReturnPath'>;
  readonly messageProgress: Pick<MessageProgress, 'late'>;
  readonly subscribers: Pick<Subscribers, 'condemn' | 'wearDown' | 'leaveByLink'>;
}

/** Acts on what is proven: the address, the river, doubt in the ledger. Every step may be repeated. Answers in one word. */
export async function consequencesOf(
  deps: ConsequenceDeps,
  owner: Owner,
  evidence: Evidence,
  at: Date,
): Promise<string> {
  switch (evidence.kind) {
    case 'left':
      return leave(deps, owner);
    case 'complained':
      await deps.events.append(news(owner, 'complained', { detail: evidence.detail }));
      await deps.subscribers.condemn(owner.account, owner.emailKey, 'complained', proof(owner, evidence.detail));
      if (owner.campaign !== undefined) await deps.guard(owner.account, owner.campaign);
      return 'complained';
    case 'delayed':
      await wear(deps, owner, evidence.fate, at);
      return 'delayed';
    case 'delivered':
      await settle(deps, owner, { kind: 'sent', class: 'accepted', code: null, reply: null });
      return 'delivered';
    case 'bounced':
      return bounce(deps, owner, evidence.fate, at);
  }
}

type Bounce = Extract<Evidence, { kind: 'bounced' }>['fate'];

async function bounce(deps: ConsequenceDeps, owner: Owner, fate: Bounce, at: Date): Promise<string> {
  const { class: reason, code, reply } = fate;
  const hard = suppresses(fate);
  await deps.events.append(news(owner, 'bounced', { class: reason, code, reply, hard }));
  await settle(deps, owner, { kind: 'failed', class: reason, code, reply });
  if (hard) await deps.subscribers.condemn(owner.account, owner.emailKey, 'bounced', proof(owner, reply));
  else await wear(deps, owner, fate, at);
  if (hard && owner.campaign !== undefined) await deps.guard(owner.account, owner.campaign);
  return hard ? 'bounced' : 'soft_bounced';
}

async function wear({ subscribers }: ConsequenceDeps, owner: Owner, fate: Bounce, at: Date) {
  const { class: reason, reply } = fate;
  // The domain that a report calls dead may be one the mail was forwarded to, not the one we have mailed.
  if (reason === BAD_DOMAIN || !wears(fate)) return;
  await subscribers.wearDown(owner.account, owner.emailKey, { reason, at }, proof(owner, reply));
}

async function leave({ subscribers }: ConsequenceDeps, { subscriber, campaign }: Owner): Promise<string> {
  if (subscriber === undefined) return 'ignored';
  await subscribers.leaveByLink(subscriber, { by: 'mail', ...(campaign !== undefined && { campaign }) });
  return 'left';
}

function proof({ campaign }: Owner, reply: string | null) {
  return { reply, ...(campaign !== undefined && { campaign }) };
}

interface Late {
  readonly kind: 'sent' | 'failed';
  readonly class: string;
  readonly code: string | null;
  readonly reply: string | null;
}

/** A mail whose fate was in doubt has one now. Who was sent to, or refused, stays what they are. */
async function settle(deps: ConsequenceDeps, owner: Owner, late: Late): Promise<void> {
  if (owner.message !== undefined) await settleMessage(deps, owner.account, owner.message, late);
  else if (owner.campaign !== undefined && owner.subscriber !== undefined) {
    await settleRecipient(deps, owner.account, owner.campaign, owner.subscriber, late);
  }
}

async function settleMessage(deps: ConsequenceDeps, account: number, id: string, late: Late): Promise<void> {
  const row = await deps.messages.ofReturnPath(id);
  if (row === null || row.account !== account) return;
  await deps.messageProgress.late(account, id, stepOfEvidence({ n: row.attempt, at: now() }, late.kind, late));
}

async function settleRecipient(
  { campaigns, places, ledger, events }: ConsequenceDeps,
  account: number,
  campaign: number,
  subscriber: number,
  late: Late,
): Promise<void> {
  const row = await campaigns.find(account, campaign);
  const place = row === null ? undefined : await places.lastOf(row, subscriber);
  if (place === undefined) return;
  const { page, i } = place;
  const entry = page.odd.find((one) => one.i === i);
  const wasLate = entry?.kind === late.kind && entry.class === late.class;
  if (!wasLate && !(await ledger.late(page, { i, ...late, at: now() }))) return;
  const { kind, class: reason, code } = late;
  const event = { _id: `${page._id}:${i}:late`, account, campaign, subscriber, type: `recipient.${kind}` };
  await events.append([{ ...event, data: { class: reason, code } }]);
}

/** What was told about which mail; a report about an address alone is told by its subscribers' own events. */
function news(owner: Owner, what: 'bounced' | 'complained', data: Record<string, unknown>): Omit<Event, 'at'>[] {
  const { account, campaign, subscriber, message } = owner;
  if (message !== undefined) {
    return [{ _id: `message:${message}:${what}`, account, type: `message.${what}`, data: { message, ...data } }];
  }
  if (campaign === undefined || subscriber === undefined) return [];
  const _id = `recipient:${campaign}:${subscriber}:${what}`;
  return [{ _id, account, campaign, subscriber, type: `recipient.${what}`, data }];
}
