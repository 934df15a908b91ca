import { hash, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { now } from '../../clock.js';
import type { DkimAlgorithm } from '../../domain/sender-domain.js';
import type { SplicedMail } from '../letter/letter.js';
import { type Field, relaxedField, relaxedMail } from './canonical.js';

/** A tested private key (`probe.ts`), and the name under which its public half is published. */
export interface Signer {
  /** The `d=` of the signature: the domain of the sender, or a parent of it. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly key: KeyObject;
}

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

/** The callback form runs on libuv's thread pool. */
const signOnPool = promisify(sign) as (digest: 'sha256' | null, data: Buffer, key: KeyObject) => Promise<Buffer>;

/** Adds one signature of each signer to a finished mail; rejects if one cannot be made. */
export async function signedMail(mail: SplicedMail, signers: readonly Signer[]): Promise<SplicedMail> {
  if (signers.length === 0) return mail;
  const { fields, body } = relaxedMail(mail.chunks);
  const content = { ...protectedFields(fields), bodyHash: hash('sha256', body, 'base64') };
  const time = Math.floor(now().getTime() / 1_000);
  const signatures = await Promise.all(signers.map((signer) => signature(signer, content, time)));
  return { ...mail, chunks: [Buffer.from(signatures.join(''), 'latin1'), ...mail.chunks] };
}

interface Content {
  /** For `h=`. */
  readonly names: readonly string[];
  /** The fields of `names` in their order, each with its CRLF. */
  readonly header: string;
  readonly bodyHash: string;
}

/** Several fields of one name are signed from the last to the first (RFC 6376 §5.4.2). */
function protectedFields(fields: readonly Field[]): Pick<Content, 'names' | 'header'> {
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
  return { names, header };
}

async function signature(signer: Signer, { names, header, bodyHash }: Content, time: number): Promise<string> {
  const { algorithm, domain, selector, key } = signer;
  const unsigned = [
    `DKIM-Signature: v=1; a=${algorithm}; c=relaxed/relaxed; t=${time};`,
    ` d=${domain};`,
    ` s=${selector};`,
    ` h=${listed(names)};`,
    ` bh=${bodyHash};`,
    ' b=',
  ].join('\r\n');
  const data = Buffer.from(header + relaxedField(unsigned), 'latin1');
  const made = await signatureOf(data, algorithm, key);
  return `${unsigned}${folded(made.toString('base64'))}\r\n`;
}

/** RSA signs the SHA-256 of the data, ed25519 signs the same hash as its message (RFC 8463 §3). */
export function signatureOf(data: Buffer, algorithm: DkimAlgorithm, key: KeyObject): Promise<Buffer> {
  if (algorithm === 'rsa-sha256') return signOnPool('sha256', data, key);
  return signOnPool(null, hash('sha256', data, 'buffer'), key);
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
