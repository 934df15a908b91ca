import { hash } from 'node:crypto';
import type { DkimAlgorithm } from '../../domain/sender-domain.js';
import type { SplicedMail } from '../letter/letter.js';
import { type Field, relaxedField, relaxedMail } from './canonical.js';

/** Fields to sign if the mail has them; RFC 8058 §4 requires both unsubscribe fields. */
const SIGNED = [
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'list-id',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'feedback-id',
  'auto-submitted',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
];

/** Signed once more than present: a second field added later breaks the signature (RFC 6376 §8.15). */
const OVERSIGNED = new Set(['from', 'to', 'subject']);
const LONGEST_LINE = 76;

/** What the signatures of a mail cover: its relaxed header fields and its relaxed body. */
export interface SignedContent {
  /** The value of `h=`, folded. */
  readonly names: string;
  /** The fields of `names` in their order, each with its CRLF; latin1. */
  readonly header: string;
  readonly body: readonly Buffer[];
}

export function signedContent({ chunks }: SplicedMail): SignedContent {
  const { fields, body } = relaxedMail(chunks);
  return { ...protectedFields(fields), body };
}

/** The names under which the public half of a key is published. */
export interface SignatureNames {
  /** The `d=` of the signature: the domain of the sender, or a parent of it. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
}

/** The content of a mail, with its body as a base64 hash, and the second of its signing. */
interface Hashed extends Pick<SignedContent, 'names' | 'header'> {
  readonly bodyHash: string;
  readonly time: number;
}

/** A DKIM-Signature field up to the signature itself. */
export function unsignedField(by: SignatureNames, { names, bodyHash, time }: Omit<Hashed, 'header'>): string {
  return [
    `DKIM-Signature: v=1; a=${by.algorithm}; c=relaxed/relaxed; t=${time};`,
    ` d=${by.domain};`,
    ` s=${by.selector};`,
    ` h=${names};`,
    ` bh=${bodyHash};`,
    ' b=',
  ].join('\r\n');
}

/** What the key signs: RSA the data, of which it takes the SHA-256; ed25519 that hash as its message (RFC 8463 §3). */
export function signedData({ algorithm }: SignatureNames, header: string, unsigned: string): Buffer {
  const data = Buffer.from(header + relaxedField(unsigned), 'latin1');
  return algorithm === 'rsa-sha256' ? data : hash('sha256', data, 'buffer');
}

/** The argument `algorithm` of node's `sign`. */
export function digestOf(algorithm: DkimAlgorithm): 'sha256' | null {
  return algorithm === 'rsa-sha256' ? 'sha256' : null;
}

/** The whole field, with its CRLF. */
export function signedField(unsigned: string, signature: Buffer): string {
  return `${unsigned}${folded(signature.toString('base64'))}\r\n`;
}

/** The mail with the fields above its own. */
export function withSignatures(mail: SplicedMail, fields: string): SplicedMail {
  return { ...mail, chunks: [Buffer.from(fields, 'latin1'), ...mail.chunks] };
}

/** Several fields of one name are signed from the last to the first (RFC 6376 §5.4.2). */
function protectedFields(fields: readonly Field[]): Pick<SignedContent, 'names' | 'header'> {
  const names: string[] = [];
  let header = '';
  for (const name of SIGNED) {
    for (let i = fields.length - 1; i >= 0; i -= 1) {
      const field = fields[i];
      if (field?.name !== name) continue;
      names.push(name);
      header += `${field.relaxed}\r\n`;
    }
    if (OVERSIGNED.has(name)) names.push(name);
  }
  return { names: listed(names), header };
}

/** Names with colons between, folded at the line limit. */
function listed(names: readonly string[]): string {
  let out = '';
  let column = 3;
  names.forEach((name, i) => {
    const text = i === names.length - 1 ? name : `${name}:`;
    if (column + text.length > LONGEST_LINE) {
      out += '\r\n  ';
      column = 2;
    }
    out += text;
    column += text.length;
  });
  return out;
}

function folded(base64: string): string {
  return (base64.match(/.{1,72}/g) ?? []).join('\r\n  ');
}
