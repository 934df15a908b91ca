import { createHash } from 'node:crypto';
import { Failure, type FailureCode } from '../../domain/errors.js';
import { fileName, matchesContent, mediaTypeOf } from '../../domain/mail/attachment.js';
import type { AttachmentRef } from '../../domain/message/message.js';
import { fileTypeOf } from './file-type.js';

/** A file as a caller sends it. */
export interface GivenAttachment {
  readonly name: string;
  readonly mime?: string;
  /** Base64 (RFC 4648 §4), with or without line breaks. */
  readonly data: string;
  readonly cid?: string;
}

export interface AttachmentRules {
  /** Media types that may be attached. */
  readonly types: readonly string[];
  /** Decoded size of all files of a message together. */
  readonly bytes: number;
}

export interface ReadAttachment {
  readonly ref: AttachmentRef;
  readonly bytes: Buffer;
}

/** Decodes the files of a message. Throws the Failure of the first broken rule, which names the file by its index. */
export function readAttachments(given: readonly GivenAttachment[], rules: AttachmentRules): readonly ReadAttachment[] {
  const size = given.reduce((sum, { data }) => sum + Math.floor((data.length * 3) / 4), 0);
  // Line breaks and padding make base64 longer, never by more than a tenth.
  if (size > rules.bytes * 1.1 + 1_024) throw tooLarge(rules);
  const read = given.map((file, at) => readOne(file, at, rules));
  if (read.reduce((sum, { ref }) => sum + ref.bytes, 0) > rules.bytes) throw tooLarge(rules);
  requireDistinct(read, 'name', ({ ref }) => ref.name.toLowerCase());
  requireDistinct(read, 'cid', ({ ref }) => ref.cid);
  return read;
}

function readOne(file: GivenAttachment, at: number, { types }: AttachmentRules): ReadAttachment {
  const mime = mediaTypeOf(file.name, file.mime, types);
  if (mime === undefined || !types.includes(mime)) {
    throw refusal('attachment_type_forbidden', at, 'mime', `is not one of ${types.join(', ')}`);
  }
  const bytes = decoded(file.data);
  if (bytes === undefined) throw refusal('attachment_unreadable', at, 'data', 'is not base64');
  const name = fileName(file.name, mime);
  if (name === undefined) throw refusal('attachment_type_forbidden', at, 'name', `does not end as ${mime} does`);
  if (!matchesContent(mime, fileTypeOf(bytes)))
    throw refusal('attachment_type_forbidden', at, 'data', `is not ${mime}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ref: { name, mime, bytes: bytes.length, sha256, cid: file.cid ?? null }, bytes };
}

function decoded(data: string): Buffer | undefined {
  const plain = data.replace(/[\r\n]+/g, '');
  const padded = plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
  return padded ? Buffer.from(plain, 'base64') : undefined;
}

function requireDistinct(read: readonly ReadAttachment[], field: string, of: (one: ReadAttachment) => string | null) {
  const seen = new Set<string>();
  for (const [at, one] of read.entries()) {
    const value = of(one);
    if (value === null) continue;
    if (seen.has(value)) throw refusal('attachment_repeated', at, field, 'is that of another file of this message');
    seen.add(value);
  }
}

function tooLarge({ bytes }: AttachmentRules): Failure {
  const sentence = `The attachments must not have more than ${bytes} bytes together, decoded.`;
  return new Failure('attachments_too_large', { attachments: [sentence] });
}

function refusal(code: FailureCode, at: number, field: string, what: string): Failure {
  return new Failure(code, { [`attachments.${at}.${field}`]: [`The attachments.${at}.${field} ${what}.`] });
}
