import type { DetectedType } from '../../domain/mail/attachment.js';

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

/** Detects the type of a file from its bytes. */
export function fileTypeOf(bytes: Buffer): DetectedType {
  const begins = (hex: string) => bytes.subarray(0, hex.length / 2).equals(Buffer.from(hex, 'hex'));
  const known = SIGNATURES.find(([type, hex]) => begins(hex) && (type !== 'program' || !isMarkedText(bytes, hex)));
  if (known !== undefined) return known[0];
  if (ZIPS.some(begins)) return bytes.includes('[Content_Types].xml') ? 'office' : 'zip';
  if (begins('52494646') && bytes.subarray(8, 12).equals(Buffer.from('WEBP'))) return 'webp';
  return isText(bytes) ? 'text' : 'unknown';
}

/** A text may begin with MZ. A program that begins with MZ has zero bytes soon after. */
function isMarkedText(bytes: Buffer, hex: string): boolean {
  return hex === '4d5a' && isText(bytes);
}

/** UTF-8 or an older encoding of eight bits: no control characters but tab, line ends and form feed. */
function isText(bytes: Buffer): boolean {
  return bytes.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0c || byte === 0x0d);
}
