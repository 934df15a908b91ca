import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { now } from '../../clock.js';
import type { Mailbox } from '../../domain/message/message.js';
import { parseMailbox } from '../../mail/address.js';
import type { Contents } from '../../store/messages/contents.js';
import type { Messages } from '../../store/messages/messages.js';
import { newMessageRow } from '../../store/messages/new-row.js';
import type { Counters } from '../../store/mongo/counters.js';
import type { Engine } from '../engine.js';

export interface SystemMailDeps {
  readonly messages: Pick<Messages, 'accept'>;
  readonly contents: Pick<Contents, 'save'>;
  readonly counters: Pick<Counters, 'block'>;
  readonly engine: Pick<Engine, 'startMessage'>;
}

/** A mail that Everpost itself writes to one person, in an account's name. */
export interface SystemMail {
  readonly account: number;
  /** The same key is one mail for ever, however often it is asked for. No caller's key has a blank in it: this one must. */
  readonly key: string;
  readonly from: Mailbox;
  readonly reply_to: Mailbox | null;
  readonly to: Mailbox;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly tags: readonly string[];
  /** The hash of somebody else whom it names. */
  readonly about?: string;
}

const TIME_TO_LIVE = 24 * 3_600_000;

/** Accepts it as a message like any other: row first, workflow behind it. Nothing happens where the address is none. */
export async function acceptSystemMail(
  { messages, contents, counters, engine }: SystemMailDeps,
  mail: SystemMail,
): Promise<void> {
  const { account, key, tags, to, about, ...parts } = mail;
  const address = parseMailbox(to.email);
  if (address === undefined) return;
  const content = await contents.save(account, { ...parts, to, cc: [], preheader: null, headers: {}, attachments: [] });
  const id = uuidv7();
  const row = newMessageRow({
    _id: id,
    number: await counters.block('messages'),
    account,
    group: id,
    role: 'to',
    to,
    to_key: address.identity,
    from_domain: parseMailbox(mail.from.email)?.domain ?? '',
    content,
    subject: mail.subject,
    tags,
    key,
    ...(about !== undefined && { about }),
    hash: createHash('sha256').update(key).digest('hex'),
    expires_at: new Date(now().getTime() + TIME_TO_LIVE),
  });
  const verdict = await messages.accept([row]);
  if (verdict.kind === 'unknown') throw new Error(`nobody can say now whether message ${id} was accepted`);
  if (verdict.kind === 'accepted') await engine.startMessage(row).catch(() => undefined);
}
