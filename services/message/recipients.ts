import { Failure } from '../../domain/errors.js';
import type { GivenMailbox, Mailbox, MessageRequest, MessageRole } from '../../domain/message/message.js';
import { type Address, parseMailbox, parseSender } from '../../mail/address.js';
import type { Message } from '../../store/messages/row.js';
import type { OptOuts } from '../../store/suppressions/opt-outs.js';
import type { Suppressions } from '../../store/suppressions/suppressions.js';
import { suppressedFailure } from '../suppressed-recipient.js';

/** A recipient that a request names, parsed once. */
interface Recipient {
  readonly role: MessageRole;
  readonly mailbox: Mailbox;
  /** Undefined if the address is not valid. */
  readonly address: Address | undefined;
  /** An earlier recipient of the request has the same address: one mail is enough. */
  readonly repeated: boolean;
}

/** A recipient that may be mailed. */
export type MailableRecipient = Recipient & { readonly address: Address };

/** The primary recipient first, then cc, then bcc. */
export type Recipients<R = Recipient> = readonly [primary: R, ...copies: R[]];

/** What happened to a copy: a message of its own, or the reason why there is none. */
export interface CopyResult {
  readonly email: string;
  readonly role: 'cc' | 'bcc';
  readonly id?: string;
  /** `not_in_earlier_message`: the request repeats one that was accepted without this recipient. */
  readonly error?: 'invalid_address' | 'already_a_recipient' | 'recipient_suppressed' | 'not_in_earlier_message';
}

export function mailboxOf(given: GivenMailbox): Mailbox {
  if (typeof given === 'string') {
    const { email, name = '' } = parseSender(given) ?? { email: given.trim() };
    return { email, name: name || null };
  }
  return { email: given.email.trim(), name: given.name ?? null };
}

export function parseRecipients({ to, cc = [], bcc = [] }: MessageRequest): Recipients {
  const seen = new Set<string>();
  const recipientOf = (given: GivenMailbox, role: MessageRole): Recipient => {
    const mailbox = mailboxOf(given);
    const parsed = parseMailbox(mailbox.email);
    const address = parsed?.ascii === true ? parsed : undefined;
    const repeated = address !== undefined && seen.has(address.identity);
    if (address !== undefined) seen.add(address.identity);
    return { role, mailbox, address, repeated };
  };
  const [first = '', ...others] = [to as GivenMailbox].flat();
  const primary = recipientOf(first, 'to');
  return [
    primary,
    ...[...others, ...cc].map((one) => recipientOf(one, 'cc')),
    ...bcc.map((one) => recipientOf(one, 'bcc')),
  ];
}

export interface SuppressionStores {
  readonly suppressions: Suppressions;
  readonly optOuts: OptOuts;
}

interface SuppressionScope {
  readonly account: number;
  readonly optOutKey?: number;
}

/** The addresses among these that are suppressed or have opted out. */
async function excludedAmong(
  { suppressions, optOuts }: SuppressionStores,
  { account, optOutKey }: SuppressionScope,
  recipients: readonly Recipient[],
) {
  const keys = recipients.flatMap(({ address }) => address?.identity ?? []);
  const [suppressed, optedOut] = await Promise.all([
    suppressions.among(account, keys),
    optOutKey === undefined ? new Set<string>() : optOuts.among(account, optOutKey, keys),
  ]);
  return { suppressed, optedOut, has: (key: string) => suppressed.has(key) || optedOut.has(key) };
}

/**
 * The recipients that may be mailed, each address once. Throws the Failure if the primary recipient may not be mailed.
 */
export async function mailableRecipients(
  stores: SuppressionStores,
  scope: SuppressionScope,
  recipients: Recipients,
): Promise<Recipients<MailableRecipient>> {
  const [primary, ...copies] = recipients;
  if (!isMailable(primary)) {
    throw new Failure('validation_failed', { to: ['The to must be an address that mail can be sent to.'] });
  }
  const excluded = await excludedAmong(stores, scope, recipients);
  const { identity: to } = primary.address;
  if (excluded.suppressed.has(to)) throw await suppressedFailure(stores.suppressions, scope.account, to);
  if (excluded.optedOut.has(to)) throw new Failure('recipient_opted_out');
  return [primary, ...copies.filter(isMailable).filter(({ address }) => !excluded.has(address.identity))];
}

function isMailable(recipient: Recipient): recipient is MailableRecipient {
  return recipient.address !== undefined && !recipient.repeated;
}

type CopyError = NonNullable<CopyResult['error']>;

/** The result of each copy, in the order of the request. `whyAbsent`: why a valid address has no message in the group. */
export function copyResults(
  [, ...copies]: Recipients,
  group: readonly Message[],
  whyAbsent: (address: Address) => CopyError = () => 'recipient_suppressed',
): CopyResult[] {
  return copies.flatMap(({ role, mailbox: { email }, address, repeated }): CopyResult[] => {
    if (role === 'to') return [];
    if (address === undefined) return [{ email, role, error: 'invalid_address' }];
    if (repeated) return [{ email, role, error: 'already_a_recipient' }];
    const row = group.find((one) => one.role === role && one.to_key === address.identity);
    return [row === undefined ? { email, role, error: whyAbsent(address) } : { email, role, id: row._id }];
  });
}

/** The same for a request that repeats an earlier one, whose copies may have been others. */
export async function copyResultsOfRepeat(
  stores: SuppressionStores,
  scope: SuppressionScope,
  recipients: Recipients,
  group: readonly Message[],
): Promise<CopyResult[]> {
  if (recipients.length === 1) return [];
  const excluded = await excludedAmong(stores, scope, recipients);
  return copyResults(recipients, group, ({ identity }) =>
    excluded.has(identity) ? 'recipient_suppressed' : 'not_in_earlier_message',
  );
}
