import type { Mailbox, MessageRole } from '../../../domain/message/message.js';
import { type Address, parseMailbox } from '../../../mail/address.js';
import type { Message } from '../../../store/messages/row.js';
import type { AdditionalRecipientResponse, MessageRequest } from './schema.js';

/** Somebody a request names, with what their address is. */
export interface NamedRecipient {
  readonly role: MessageRole;
  readonly mailbox: Mailbox;
  /** Undefined: no mail can go there. */
  readonly address: Address | undefined;
  /** The same person is named before; one mail is enough. */
  readonly repeated: boolean;
}

type GivenMailbox = MessageRequest['to'] | NonNullable<MessageRequest['cc']>[number];

export function mailboxOf(given: GivenMailbox): Mailbox {
  if (typeof given === 'string') return { email: given.trim(), name: null };
  return { email: given.email.trim(), name: given.name ?? null };
}

/** Everybody a request is for, the primary recipient first. */
export function allRecipients({
  to,
  cc = [],
  bcc = [],
}: MessageRequest): readonly [NamedRecipient, ...NamedRecipient[]] {
  const seen = new Set<string>();
  const recipientOf = (given: GivenMailbox, role: MessageRole): NamedRecipient => {
    const mailbox = mailboxOf(given);
    const parsed = parseMailbox(mailbox.email);
    const address = parsed?.ascii === true ? parsed : undefined;
    const repeated = address !== undefined && seen.has(address.identity);
    if (address !== undefined) seen.add(address.identity);
    return { role, mailbox, address, repeated };
  };
  const first = recipientOf(to, 'to');
  return [first, ...cc.map((one) => recipientOf(one, 'cc')), ...bcc.map((one) => recipientOf(one, 'bcc'))];
}

/** What became of each copy: a message of its own, or why there is none. */
export function additionalRecipients(
  request: MessageRequest,
  group: readonly Message[],
): AdditionalRecipientResponse[] {
  const [, ...copies] = allRecipients(request);
  return copies.flatMap(({ role, mailbox: { email }, address, repeated }) => {
    if (role === 'to') return [];
    if (address === undefined) return [{ email, role, error: 'invalid_address' }];
    if (repeated) return [{ email, role, error: 'already_a_recipient' }];
    const row = group.find((one) => one.role === role && one.to_key === address.identity);
    return [row === undefined ? { email, role, error: 'recipient_suppressed' } : { email, role, id: row._id }];
  });
}
