import type { Config } from '../config.js';
import { Failure } from '../domain/errors.js';
import { parseMailbox, parseSender } from '../mail/address.js';
import type { Accounts } from '../store/accounts/accounts.js';
import type { Campaign, Sender } from '../store/campaigns/row.js';
import type { Domains } from '../store/domains/domains.js';
import type { Lists } from '../store/lists/lists.js';
import type { Contents } from '../store/messages/contents.js';

export interface AccountSenderStores {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly config: Pick<Config, 'mailFrom'>;
}

export interface SenderStores extends AccountSenderStores {
  readonly lists: Pick<Lists, 'find'>;
}

/** The default sender: the account's, else MAIL_FROM. */
export async function accountSender({ accounts, config }: AccountSenderStores, account: number): Promise<Sender> {
  const sender = parseSender((await accounts.find(account))?.mail_from ?? config.mailFrom);
  if (sender === undefined) throw new Error(`MAIL_FROM is not a mailbox: ${config.mailFrom}`);
  return { name: sender.name || null, email: sender.email };
}

/** The sender that a campaign would have now: its own, else its list's, else its account's. */
export async function campaignSender(
  stores: SenderStores,
  { account, list_id, from }: Pick<Campaign, 'account' | 'list_id' | 'from'>,
): Promise<Sender> {
  if (from !== null) return from;
  const list = await stores.lists.find(account, list_id);
  return (typeof list === 'object' ? list.defaults.from : null) ?? accountSender(stores, account);
}

/** The sender of a launch: fixed at the freeze; before that, the sender of its rendered letter. */
export async function launchSender(
  stores: SenderStores & { readonly contents: Pick<Contents, 'letter'> },
  campaign: Campaign,
): Promise<Sender> {
  const { account, round, sender, rendered } = campaign;
  // Before the freeze `sender` may come from an earlier launch that was cancelled before it mailed a recipient.
  if (round >= 0 && sender !== null) return sender;
  if (rendered != null) return (await stores.contents.letter(account, rendered)).from;
  return campaignSender(stores, campaign);
}

export interface VerificationStores {
  readonly domains: Pick<Domains, 'verifiedFor'>;
  readonly config: Pick<Config, 'requireVerifiedDomains'>;
}

/** Whether mail from this address may be sent. With REQUIRE_VERIFIED_DOMAINS the domain must be verified. */
export async function isPermittedSender(
  { domains, config }: VerificationStores,
  account: number,
  email: string,
): Promise<boolean> {
  if (!config.requireVerifiedDomains) return true;
  const domain = parseMailbox(email)?.domain;
  return domain !== undefined && domains.verifiedFor(account, domain);
}

/** Throws `domain_not_verified` if mail from this address may not be sent. */
export async function demandPermittedSender(stores: VerificationStores, account: number, email: string): Promise<void> {
  if (await isPermittedSender(stores, account, email)) return;
  const sentence = `The domain of ${email} is not verified for this account; see POST /domains.`;
  throw new Failure('domain_not_verified', { from: [sentence] });
}

export interface BounceDomainStores {
  readonly domains: Pick<Domains, 'bounceDomainOf'>;
  readonly config: Pick<Config, 'bounceDomain'>;
}

/**
 * The domain in the return path of mail from an address: the sender's own bounce domain, which DMARC can align with,
 * else the installation's; null: the sender's address is the return path.
 */
export async function bounceDomainFor(
  { domains, config }: BounceDomainStores,
  account: number,
  email: string,
): Promise<string | null> {
  const domain = parseMailbox(email)?.domain;
  const own = domain === undefined ? null : await domains.bounceDomainOf(account, domain);
  return own ?? config.bounceDomain ?? null;
}
