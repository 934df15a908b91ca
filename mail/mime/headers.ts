/** Header fields (RFC 5322 §2.2, RFC 2047). Any text gives exactly one field, with lines of at most 76 characters. */
const LONGEST_LINE = 76;
const LONGEST_WORD = 60;

/** Embeddings, overrides and isolates can change how a name or a subject reads. */
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/gu;

/** Makes one line of text: line breaks and tabs become a blank, control characters and bidi controls are removed. */
export function oneLine(text: string): string {
  if (/^[!-~](?:[ -~]*[!-~])?$/.test(text)) return text;
  return text
    .replace(/[\r\n\t\u2028\u2029]+/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .replace(BIDI_CONTROLS, '')
    .trim();
}

/** `Subject` and its like: any text, encoded and folded as needed, with its CRLF. */
export function textField(name: string, value: string): string {
  const text = oneLine(value);
  const available = LONGEST_LINE - name.length - 2;
  if (!isAscii(text) || text.includes('=?')) return `${name}: ${encodedWords(text, name.length + 2)}\r\n`;
  if (text.length <= available) return `${name}: ${text}\r\n`;
  const words = text.split(' ');
  if (words.some((word) => word === '' || word.length > LONGEST_WORD)) {
    return `${name}: ${encodedWords(text, name.length + 2)}\r\n`;
  }
  return `${name}: ${folded(words, name.length + 2)}\r\n`;
}

/**
 * A caller's field. ASCII is folded at blanks only, because structured fields take no encoded words (RFC 2047 §5) and
 * programs that read fields may not decode them.
 */
export function customField(name: string, value: string): string {
  const text = oneLine(value);
  if (!isAscii(text)) return textField(name, value);
  return `${name}: ${folded(text.split(/ (?! |$)/), name.length + 2)}\r\n`;
}

/** `From`, `To`, `Reply-To` with exactly one mailbox; `address` must have passed `parseMailbox`. */
export function mailboxField(field: string, name: string | null, address: string): string {
  return `${field}: ${mailbox(name, address, field.length + 2)}\r\n`;
}

interface ShownMailbox {
  readonly name: string | null;
  readonly address: string;
}

/** `To`, `Cc` and their like, one mailbox a line; without one the field is an empty group (RFC 5322 §3.4). */
export function mailboxesField(field: string, mailboxes: readonly ShownMailbox[]): string {
  if (mailboxes.length === 0) return `${field}: undisclosed-recipients:;\r\n`;
  const lines = mailboxes.map(({ name, address }, i) => mailbox(name, address, i === 0 ? field.length + 2 : 1));
  return `${field}: ${lines.join(',\r\n ')}\r\n`;
}

function mailbox(name: string | null, address: string, column: number): string {
  const shown = phrase(name ?? '', column);
  if (shown === '') return address;
  const onOneLine = column + shown.length + 3 + address.length <= LONGEST_LINE;
  return `${shown}${onOneLine ? ' ' : '\r\n '}<${address}>`;
}

/** A display name. Text that a lax parser could read as an address or a list becomes an encoded word. */
export function phrase(name: string, column: number): string {
  const text = oneLine(name);
  const short = column + text.length + 2 <= LONGEST_LINE && !text.includes('=?');
  if (text === '' || (short && /^[A-Za-z0-9'_+-]+(?: [A-Za-z0-9'_+-]+)*$/.test(text))) return text;
  if (short && /^[ !#-;=?A-[\]-~]+$/.test(text)) return `"${text}"`;
  return encodedWords(text, column);
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function folded(words: readonly string[], column: number): string {
  let used = column;
  let out = '';
  for (const word of words) {
    const breaks = out !== '' && used + 1 + word.length > LONGEST_LINE;
    if (out !== '') out += breaks ? '\r\n ' : ' ';
    used = breaks ? 1 + word.length : used + 1 + word.length;
    out += word;
  }
  return out;
}

/** Base64 words of whole characters, at most 75 characters each (RFC 2047 §2), one per line. */
function encodedWords(text: string, column: number): string {
  const words: string[] = [];
  let pending = '';
  let octets = 0;
  let available = octetsIn(LONGEST_LINE - column);
  for (const char of text) {
    const length = Buffer.byteLength(char);
    if (octets + length > available) {
      if (pending !== '') words.push(pending);
      pending = '';
      octets = 0;
      available = octetsIn(LONGEST_LINE - 1);
    }
    pending += char;
    octets += length;
  }
  if (pending !== '') words.push(pending);
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}

function octetsIn(columns: number): number {
  return Math.floor((Math.min(75, columns) - '=?UTF-8?B??='.length) / 4) * 3;
}
