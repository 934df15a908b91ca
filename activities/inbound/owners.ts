import { parseMailbox } from '../../mail/address.js';
import { messageIdOf } from '../../mail/compile.js';
import type { AddressOwner, ReturnPaths } from '../../mail/return-path.js';
import type { Campaigns } from '../../store/campaigns.js';
import type { ProviderReport } from '../../store/inbound.js';
import type { Messages } from '../../store/messages.js';
import type { Subscribers } from '../../store/subscribers.js';

/** Which mail of ours a report is about, and whose address it went to. */
export interface Owner {
  readonly account: number;
  /** Identity of the address. */
  readonly emailKey: string;
  readonly campaign?: number;
  readonly subscriber?: number;
  readonly message?: string;
  /** It is somebody who asks to leave, by the address made for that. */
  readonly leaves?: true;
}

export interface OwnerDeps {
  readonly subscribers: Pick<Subscribers, 'ofLink'>;
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly messages: Pick<Messages, 'ofReturnPath'>;
}

type Clues = Pick<ProviderReport, 'addresses' | 'messageIds'>;

interface Asked {
  /** Only what belongs to this account; null: to any. */
  readonly account: number | null;
  /** Whether the address for leaving is good enough: whoever has a link may leave and complain, no more. */
  readonly leaving: boolean;
}

/**
 * Finds the mail by marks that nobody else can make: the MAC of a return path first, then the secret in a Message-ID.
 * Undefined where there is none that may say what is said.
 */
export async function ownerOf(
  deps: OwnerDeps,
  paths: Pick<ReturnPaths, 'read'>,
  { addresses, messageIds }: Clues,
  { account, leaving }: Asked,
): Promise<Owner | undefined> {
  const ours = (owner: Owner | undefined) =>
    owner !== undefined && (account === null || owner.account === account) && (leaving || owner.leaves !== true);
  for (const address of addresses) {
    const read = paths.read(address.slice(0, address.lastIndexOf('@')));
    const owner = read && (await behindAddress(deps, read));
    if (ours(owner)) return owner;
  }
  for (const messageId of messageIds) {
    const owner = await behindMessageId(deps, messageId);
    if (ours(owner)) return owner;
  }
  return undefined;
}

/** What a provider says of an address, to whoever has its webhook's secret, holds for that account alone. */
export function addressOwner(account: number, email: string | null): Owner | undefined {
  const emailKey = email === null ? undefined : parseMailbox(email)?.identity;
  return emailKey === undefined ? undefined : { account, emailKey };
}

function behindAddress(deps: OwnerDeps, owner: AddressOwner): Promise<Owner | undefined> {
  if (owner.kind === 'message') return behindMessage(deps, owner.message);
  return behindRecipient(deps, owner.campaign, owner.subscriber, owner.kind === 'leave');
}

async function behindMessage({ messages }: OwnerDeps, id: string): Promise<Owner | undefined> {
  const row = await messages.ofReturnPath(id);
  return row === null ? undefined : { account: row.account, emailKey: row.to_key, message: row._id };
}

async function behindRecipient(
  { subscribers }: OwnerDeps,
  campaign: number,
  subscriber: number,
  leaves = false,
): Promise<Owner | undefined> {
  const row = await subscribers.ofLink(subscriber);
  if (row === null) return undefined;
  // Campaign 0 stands for the list as a whole.
  const mail = campaign === 0 ? {} : { campaign };
  return { account: row.account, emailKey: row.email_key, subscriber, ...mail, ...(leaves && { leaves }) };
}

/** `<campaign>.<subscriber>.<mark>@…` or `<uuid>@…`; only we, and who has the mail, know the mark. */
async function behindMessageId(deps: OwnerDeps, messageId: string): Promise<Owner | undefined> {
  const local = messageId.slice(0, messageId.lastIndexOf('@'));
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(local)) return behindMessage(deps, local.toLowerCase());
  const [, campaign, subscriber] = /^(\d{1,15})\.(\d{1,15})\.[\w-]{10}$/.exec(local) ?? [];
  const owner = campaign && subscriber && (await behindRecipient(deps, Number(campaign), Number(subscriber)));
  if (!owner) return undefined;
  const row = await deps.campaigns.find(owner.account, Number(campaign));
  if (row === null) return undefined;
  const letter = { boundarySeed: row.seed, campaign: row._id };
  const expected = messageIdOf({ letter, sender: { domain: '' } }, Number(subscriber));
  return expected === `<${local}@>` ? owner : undefined;
}
