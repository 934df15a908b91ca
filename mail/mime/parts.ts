import { oneLine } from './headers.js';
import { quotedRun } from './quoted-printable.js';

/** A body of a mail: one part, or several under a boundary (RFC 2045, RFC 2046 §5.1). */
export type MimePart = SinglePart | MultiPart;

interface SinglePart {
  /** The fields of the part, each with its CRLF. */
  readonly fields: string;
  /** Ends with CRLF, which belongs to the boundary behind it if there is one. */
  readonly body: Buffer;
}

interface MultiPart {
  readonly subtype: 'mixed' | 'alternative' | 'related';
  readonly parts: readonly MimePart[];
}

/** A file of a mail. With a Content-ID it is shown inside the HTML (RFC 2392), else offered for download. */
interface MailFile {
  readonly name: string;
  readonly mime: string;
  readonly cid: string | null;
  readonly bytes: Buffer;
}

/** Text in quoted-printable. It ends with a line break: encoded data must not end with a soft one. */
export function textPart(subtype: 'plain' | 'html', text: string): MimePart {
  const fields = `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n`;
  return { fields, body: quotedRun(text.endsWith('\n') ? text : `${text}\n`) };
}

export function filePart({ name, mime, cid, bytes }: MailFile): MimePart {
  const disposition = cid === null ? 'attachment' : 'inline';
  const fields = [
    `Content-Type: ${mime}\r\n`,
    'Content-Transfer-Encoding: base64\r\n',
    `Content-Disposition: ${disposition}${parameter('filename', oneLine(name))}\r\n`,
    ...(cid === null ? [] : [`Content-ID: <${oneLine(cid)}>\r\n`]),
  ];
  return { fields: fields.join(''), body: base64Lines(bytes) };
}

/** Several parts under one boundary; a part that is alone needs none. */
export function multiPart(subtype: MultiPart['subtype'], [first, ...others]: readonly [MimePart, ...MimePart[]]) {
  return others.length === 0 ? first : { subtype, parts: [first, ...others] };
}

/**
 * The fields and the body of a part, as the rest of a mail whose own fields precede them. `id` makes the boundaries: `=_`
 * occurs in no line of quoted-printable or base64, so no body contains one.
 */
export function partBytes(part: MimePart, id: string, level = 1): Buffer[] {
  if (!('parts' in part)) return [latin1(`${part.fields}\r\n`), part.body];
  const boundary = `=_${id}_${level}`;
  const inner = part.parts.flatMap((child) => [latin1(`--${boundary}\r\n`), ...partBytes(child, id, level + 1)]);
  const field = `Content-Type: multipart/${part.subtype};\r\n boundary="${boundary}"\r\n\r\n`;
  return [latin1(field), ...inner, latin1(`--${boundary}--\r\n`)];
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

const PLAIN_VALUE = /^[ !#-[\]-~]{1,60}$/;
const OCTETS_A_LINE = 18;

/** A parameter on lines of its own; a value that is long or not ASCII is encoded and continued (RFC 2231 §3, §4). */
function parameter(name: string, value: string): string {
  if (PLAIN_VALUE.test(value)) return `;\r\n ${name}="${value}"`;
  const octets = Buffer.from(value);
  if (octets.length <= OCTETS_A_LINE) return `;\r\n ${name}*=UTF-8''${percentEncoded(octets)}`;
  const lines = Array.from({ length: Math.ceil(octets.length / OCTETS_A_LINE) }, (_, i) =>
    octets.subarray(i * OCTETS_A_LINE, (i + 1) * OCTETS_A_LINE),
  );
  return lines.map((line, i) => `;\r\n ${name}*${i}*=${i === 0 ? "UTF-8''" : ''}${percentEncoded(line)}`).join('');
}

function percentEncoded(octets: Buffer): string {
  return [...octets]
    .map((octet) => {
      const char = String.fromCharCode(octet);
      return /[A-Za-z0-9._-]/.test(char) ? char : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

const LINE = 76;

/** Base64 in lines of 76 characters (RFC 2045 §6.8). Line by line: an expression takes several times as long. */
function base64Lines(bytes: Buffer): Buffer {
  const encoded = latin1(bytes.toString('base64'));
  const out = Buffer.allocUnsafe(encoded.length + 2 * Math.max(1, Math.ceil(encoded.length / LINE)));
  let end = 0;
  for (let at = 0; at === 0 || at < encoded.length; at += LINE) {
    end += encoded.copy(out, end, at, at + LINE);
    out[end] = 0x0d;
    out[end + 1] = 0x0a;
    end += 2;
  }
  return out;
}
