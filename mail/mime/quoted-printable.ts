/** Quoted-printable (RFC 2045 §6.7) in runs that begin and end at the start of a line. */
const LONGEST_LINE = 75; // and the `=` of a soft break makes 76
const LF = 0x0a;
const DOT = 0x2e;
const HEX = Buffer.from('0123456789ABCDEF');
const SOFT_BREAK = Buffer.from('=\r\n');

/**
 * Encoded width of each byte. The first byte of a UTF-8 sequence has the width of the whole sequence, so that no line
 * splits it.
 */
const WIDTH = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x20 || byte === 0x09) return 1;
  if (byte > 0x20 && byte < 0x7f && byte !== 0x3d) return 1;
  if (byte >= 0xf0) return 12;
  if (byte >= 0xe0) return 9;
  return byte >= 0xc0 ? 6 : 3;
});

const PLAIN_VALUE = /^[!-<>-~](?:[ -<>-~]{0,74})$/;

/**
 * Encodes a personal value. It begins at the start of a line and ends with a soft break, so the text around it does not
 * depend on it. An empty value gives no bytes.
 */
export function quotedValue(text: string): Buffer {
  if (text === '') return EMPTY;
  if (PLAIN_VALUE.test(text) && text.charCodeAt(0) !== DOT) return Buffer.from(`${text}=\r\n`, 'latin1');
  return quotedRun(text);
}

const EMPTY = Buffer.alloc(0);

/**
 * Encodes text in whole lines: the last line ends with a soft break unless the text ends with a line break. No line of the
 * result begins with a dot, so it needs no dot-stuffing (RFC 5321 §4.5.2).
 */
export function quotedRun(text: string): Buffer {
  const source = Buffer.from(bodyText(text));
  const out = Buffer.allocUnsafe(source.length * 4 + 4);
  let end = 0;
  let column = 0;
  for (let i = 0; i < source.length; i += 1) {
    const byte = source[i] as number;
    if (byte === LF) {
      end = writeLineBreak(out, end);
      column = 0;
      continue;
    }
    const width = isTrailingBlank(source, i) ? 3 : (WIDTH[byte] as number);
    if (column + width > LONGEST_LINE) {
      end += SOFT_BREAK.copy(out, end);
      column = 0;
    }
    const plain = width === 1 && (byte !== DOT || column > 0);
    end = plain ? out.writeUInt8(byte, end) : writeEscape(out, end, byte);
    column += plain ? 1 : 3;
  }
  if (column > 0) end += SOFT_BREAK.copy(out, end);
  return out.subarray(0, end);
}

/** Converts line breaks to LF and drops control characters, which mail clients do not show. */
function bodyText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, '');
}

function isTrailingBlank(source: Buffer, at: number): boolean {
  return (source[at] === 0x20 || source[at] === 0x09) && source[at + 1] === LF;
}

function writeLineBreak(out: Buffer, end: number): number {
  out[end] = 0x0d;
  out[end + 1] = LF;
  return end + 2;
}

function writeEscape(out: Buffer, end: number, byte: number): number {
  out[end] = 0x3d;
  out[end + 1] = HEX[byte >> 4] as number;
  out[end + 2] = HEX[byte & 15] as number;
  return end + 3;
}
