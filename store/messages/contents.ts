import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { LetterContent } from '../../domain/campaign/campaign.js';
import type { MessageContent } from '../../domain/message/message.js';
import { type BlobId, blobs } from '../mongo/blobs.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { insertOnce, isDuplicateKey } from '../mongo/duplicate-key.js';
import type { Message } from './row.js';

/** Contents and files of messages, stored once for each hash; they never change. Small contents lie in their messages. */
export interface StoredContent {
  /** Account, kind and SHA-256. */
  readonly _id: string;
  readonly account: number;
  /** A message's content as JSON: the caller chose its field names, and the database must not interpret them. */
  readonly json?: string;
  /** Id of the stored bytes of a file. */
  readonly blob?: BlobId;
  /** Time of the last message that uses it: recently used content is not deleted. */
  readonly referenced_at?: Date;
}

/**
 * The format of stored letters: their fields, and the tags in them that only Everpost writes (`safe_url`, `css_value`, `link_address`).
 * Raised with a change that an older version would misread.
 */
const LETTER_FORMAT = 1;

export type Contents = ReturnType<typeof contents>;

/** The fields of a message that say where its content lies. */
type ContentHolder = Pick<Message, 'account' | 'content' | 'body'>;

export function contents(store: Store) {
  const rows = majorityCollection<StoredContent>(store, 'contents');
  const files = blobs(store);

  const insert = (row: StoredContent) => insertOnce(rows, row);

  /** Marks the content as used now; false if it does not exist. Atomic: one update. */
  const markReferenced = async (account: number, _id: string): Promise<boolean> =>
    (await rows.updateOne({ _id, account }, { $set: { referenced_at: now() } })).matchedCount === 1;

  return {
    /** Stores the content of a group of messages and returns its hash. Atomic: one upsert; stored content does not change. */
    save: async (account: number, content: MessageContent): Promise<string> => {
      const json = JSON.stringify(content);
      const hash = createHash('sha256').update(json).digest('hex');
      const _id = idOf(account, 'content', hash);
      await upsertReferenced(rows, { _id, account }, json);
      return hash;
    },

    ...messageContents(rows),

    ...letterContents(rows, insert),

    /** Stores a file in GridFS under its hash, unless it exists. The row is written after the bytes and makes the file visible. */
    saveFile: async (account: number, sha256: string, bytes: Buffer): Promise<void> => {
      const _id = idOf(account, 'file', sha256);
      if (await markReferenced(account, _id)) return;
      const blob = files.newId();
      await pipeline(Readable.from([bytes]), files.write(account, blob, sha256));
      if ((await insert({ _id, account, blob, referenced_at: now() })) === 'known') await files.remove(account, blob);
    },

    /** The bytes of a file. Throws if they are missing, because a message is accepted after its files are stored. */
    file: async (account: number, sha256: string): Promise<Buffer> => {
      const row = await rows.findOne({ _id: idOf(account, 'file', sha256), account });
      const stream = row?.blob === undefined ? undefined : await files.read(account, row.blob);
      if (stream === undefined) throw new Error(`the attachment ${sha256} of account ${account} is not in the store`);
      return buffer(stream);
    },
  };
}

function letterContents(rows: Collection<StoredContent>, insert: (row: StoredContent) => Promise<unknown>) {
  return {
    /** Stores the letter of a campaign and returns its hash. */
    saveLetter: async (account: number, letter: LetterContent): Promise<string> => {
      const { subject, preheader, html, text, text_links, from, reply_to, list } = letter;
      const sender = { name: from.name, email: from.email };
      const json = JSON.stringify({
        format: LETTER_FORMAT,
        subject,
        preheader,
        html,
        text,
        text_links,
        from: sender,
        reply_to,
        list,
      });
      const hash = createHash('sha256').update(json).digest('hex');
      await insert({ _id: idOf(account, 'letter', hash), account, json });
      return hash;
    },

    /**
     * The letter of a campaign's row. Throws if it is missing, because the row is written after it, and if a newer version of
     * Everpost rendered it: a process of that version must send it.
     */
    letter: async (account: number, hash: string): Promise<LetterContent> => {
      const row = await rows.findOne({ _id: idOf(account, 'letter', hash), account });
      if (row?.json === undefined) throw new Error(`the letter ${hash} of account ${account} is not in the store`);
      const { format = LETTER_FORMAT, ...letter } = JSON.parse(row.json) as LetterContent & {
        readonly format?: number;
      };
      if (format > LETTER_FORMAT) throw new Error(`a newer version of Everpost rendered the letter ${hash}`);
      return letter;
    },
  };
}

function messageContents(rows: Collection<StoredContent>) {
  /** The content of a message, in its row or stored for its group; null if it is missing. */
  const find = async ({ account, content = '', body }: ContentHolder): Promise<MessageContent | null> => {
    const json = body ?? (await rows.findOne({ _id: idOf(account, 'content', content), account }))?.json;
    return json === undefined ? null : (JSON.parse(json) as MessageContent);
  };
  return {
    find,

    /** The content of a message. Throws if it is missing, because the row is written after it. */
    ofMessage: async (row: ContentHolder & Pick<Message, '_id'>): Promise<MessageContent> => {
      const content = await find(row);
      if (content === null) throw new Error(`the content of message ${row._id} is not in the store`);
      return content;
    },
  };
}

/** Atomic: one upsert, repeated if another process inserted the row meanwhile. */
async function upsertReferenced(
  rows: Collection<StoredContent>,
  content: Pick<StoredContent, '_id' | 'account'>,
  json: string,
): Promise<void> {
  const upsert = () =>
    rows.updateOne(content, { $set: { referenced_at: now() }, $setOnInsert: { json } }, { upsert: true });
  await upsert().catch((error) => {
    if (!isDuplicateKey(error)) throw error;
    return upsert();
  });
}

function idOf(account: number, kind: 'content' | 'letter' | 'file', hash: string): string {
  return `${account}:${kind}:${hash}`;
}
