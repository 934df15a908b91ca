import { createHash } from 'node:crypto';
import { Failure, type FailureCode } from '../../domain/errors.js';
import { type DetectedType, fileName, matchesContent, mediaTypeOf } from '../../domain/mail/attachment.js';
import type { AttachmentRef } from '../../domain/message/message.js';

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
  if (!matchesContent(mime, contentsOf(bytes)))
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

const SIGNATURES: readonly (readonly [DetectedType, string])[] = [
  ['pdf', '25504446'],
  ['ole', 'd0cf11e0a1b11ae1'],
  ['jpeg', 'ffd8ff'],
  ['png', '89504e470d0a1a0a'],
  ['gif', '47494638'],
  ['program', '4d5a'],
  ['program', '7f454c46'],
  ['program', 'cafebabe'],
  ['program', 'feedface'],
  ['program', 'feedfacf'],
  ['program', 'cefaedfe'],
  ['program', 'cffaedfe'],
  ['program', '2321'],
];
/** PKZIP: a local file, an empty archive and a split archive. */
const ZIPS = ['504b0304', '504b0506', '504b0708'];

/** A reader finds the header of a PDF within this many bytes. */
const PDF_WINDOW = 1_024;

/** What a file may be, by its bytes. */
function contentsOf(bytes: Buffer): readonly DetectedType[] {
  const begins = (hex: string) => bytes.subarray(0, hex.length / 2).equals(Buffer.from(hex, 'hex'));
  const known = SIGNATURES.find(([type, hex]) => begins(hex) && (type !== 'program' || !isMarkedText(bytes, hex)));
  if (known !== undefined) return [known[0]];
  if (ZIPS.some(begins)) return [bytes.includes('[Content_Types].xml') ? 'office' : 'zip'];
  if (begins('52494646') && bytes.subarray(8, 12).equals(Buffer.from('WEBP'))) return ['webp'];
  const isLatePdf = bytes.subarray(0, PDF_WINDOW).includes('%PDF-');
  return [...(isLatePdf ? (['pdf'] as const) : []), ...(isText(bytes) ? (['text'] as const) : [])];
}

/** A text may begin with MZ. A program that begins with MZ has zero bytes soon after. */
function isMarkedText(bytes: Buffer, hex: string): boolean {
  return hex === '4d5a' && isText(bytes);
}

/** UTF-8 or an older encoding of eight bits, which have no zero bytes, or UTF-16. */
function isText(bytes: Buffer): boolean {
  return !bytes.includes(0) || isUtf16(bytes);
}

/** With a byte order mark, or with letters of Latin scripts: every second byte is zero. Neither has the character U+0000. */
function isUtf16(bytes: Buffer): boolean {
  if (bytes.length % 2 === 1) return false;
  const [first = 0, second = 0] = bytes;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  let [low, high] = [0, 0];
  for (let at = 0; at < bytes.length; at += 2) {
    if (bytes[at] === 0 && bytes[at + 1] === 0) return false;
    if (bytes[at + 1] === 0) low += 1;
    if (bytes[at] === 0) high += 1;
  }
  return isMarked || Math.max(low, high) * 4 > bytes.length;
}
