import { v7 as uuidv7 } from 'uuid';
import { now } from '../clock.js';
import type { Mailbox } from '../domain/message/message.js';
import { parseMailbox } from '../mail/address.js';
import { acceptGroup, type GroupStores, sha256 } from './message/message-group.js';

/**
 * A mail that Everpost writes itself to one recipient on behalf of an account: a confirmation, a notice, an approval.
 */
export interface SystemMail {
  readonly account: number;
  /** Requests with the same key are one mail for ever. It must contain a blank, which callers' keys never do. */
  readonly key: string;
  readonly from: Mailbox;
  readonly reply_to: Mailbox | null;
  readonly to: Mailbox;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly tags: readonly string[];
  /** When there was a reason for it. If that is before a restore, the lost database may have sent it. */
  readonly due: Date;
  /** The hash of another person named in the mail; an erasure finds the mail by it. */
  readonly about?: string;
}

const TIME_TO_LIVE = 24 * 3_600_000;

/**
 * Accepts a system mail as a message outside of the account's quota. Suppressions are checked before it is sent. Does
 * nothing if the recipient's address is not valid. A mail that a lost database may have sent is stored as uncertain.
 */
export async function acceptSystemMail(stores: GroupStores, mail: SystemMail): Promise<void> {
  const { account, key, from, reply_to, to, subject, html, text, tags, due, about } = mail;
  const address = parseMailbox(to.email);
  if (address === undefined) return;
  const id = uuidv7();
  const restoredAt = await stores.messages.restoredAt();
  const { verdict } = await acceptGroup(stores, {
    isDoubtful: restoredAt !== null && due <= restoredAt,
    ids: [id],
    recipients: [{ role: 'to', mailbox: to, address, repeated: false }],
    content: { from, reply_to, subject, html, text, to, cc: [], preheader: null, headers: {}, attachments: [] },
    files: [],
    key,
    common: {
      account,
      from_domain: parseMailbox(from.email)?.domain ?? '',
      subject,
      tags,
      ...(about !== undefined && { about }),
      hash: sha256(key),
      expires_at: new Date(now().getTime() + TIME_TO_LIVE),
    },
  });
  if (verdict.kind === 'unknown') throw new Error(`The system mail ${key} may have been accepted as message ${id}`);
}
