import { createHash } from 'node:crypto';
import type { MessageContent } from '../../domain/message/message.js';
import type { ReadAttachment } from '../../mail/message/attachments.js';
import type { Acceptance } from '../../store/messages/acceptance.js';
import type { Contents } from '../../store/messages/contents.js';
import type { Messages } from '../../store/messages/messages.js';
import { doubtfulMessageRow, type Message, type NewMessage, newMessageRow } from '../../store/messages/row.js';
import type { Counters } from '../../store/mongo/counters.js';
import type { MailableRecipient, Recipients } from './recipients.js';

export interface GroupStores {
  readonly messages: Messages;
  readonly contents: Contents;
  readonly counters: Counters;
  /** Starts the workflow of a message. The sweep starts it if this fails. */
  readonly engine: { startMessage(row: Message): unknown };
}

/** The messages of one request: one row for each recipient, one content for all. */
export interface MessageGroup {
  /** One id for each recipient, in the same order; UUID v7. */
  readonly ids: readonly string[];
  readonly recipients: Recipients<MailableRecipient>;
  readonly content: MessageContent;
  readonly files: readonly ReadAttachment[];
  /** The idempotency key of the request; only the primary row has it. */
  readonly key?: string;
  /** A lost database may have sent it: its rows are uncertain from the start, and no workflow starts. */
  readonly isDoubtful?: boolean;
  /** The fields that all rows have in common. */
  readonly common: Omit<
    NewMessage,
    '_id' | 'number' | 'group' | 'role' | 'to' | 'to_key' | 'content' | 'body' | 'content_bytes' | 'key'
  >;
}

/** Stores files and content, then the rows that name them, then starts the workflows. */
export async function acceptGroup(
  { messages, contents, counters, engine }: GroupStores,
  group: MessageGroup,
): Promise<{ readonly verdict: Acceptance; readonly rows: readonly Message[] }> {
  const { account } = group.common;
  const [content, number] = await Promise.all([
    placeContent(contents, account, group),
    counters.messageNumbers(group.recipients.length),
  ]);
  const rows = rowsOf(group, content, number);
  const verdict = await messages.accept(rows);
  if (verdict.kind === 'accepted' && !group.isDoubtful)
    await Promise.allSettled(rows.map(async (row) => engine.startMessage(row)));
  return { verdict, rows };
}

/** Bytes of a content that lies in its row. */
const MAX_BODY = 16 * 1024;

type PlacedContent = Pick<Message, 'content' | 'body' | 'content_bytes'>;

/** A small content of one message without files lies in its row; every other one is stored before the rows that name it. */
async function placeContent(
  contents: Contents,
  account: number,
  { content, files, recipients }: MessageGroup,
): Promise<PlacedContent> {
  const json = JSON.stringify(content);
  const size = Buffer.byteLength(json);
  if (recipients.length === 1 && files.length === 0 && size <= MAX_BODY) return { body: json };
  for (const { ref, bytes } of files) await contents.saveFile(account, ref.sha256, bytes);
  const content_bytes = files.reduce((sum, { bytes }) => sum + bytes.length, size);
  return { content: await contents.save(account, content), content_bytes };
}

/** `number` is that of the first row; the others follow. */
function rowsOf(
  { ids, recipients, key, isDoubtful, common }: MessageGroup,
  content: PlacedContent,
  number: number,
): Message[] {
  const group = ids[0] ?? '';
  return recipients.map(({ role, mailbox, address }, i) =>
    (isDoubtful ? doubtfulMessageRow : newMessageRow)({
      ...common,
      _id: ids[i] ?? '',
      number: number + i,
      group,
      role,
      to: mailbox,
      to_key: address.identity,
      ...content,
      ...(i === 0 && key !== undefined && { key }),
    }),
  );
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
