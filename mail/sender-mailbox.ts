import type { FieldErrors } from '../domain/errors.js';
import { parseMailbox } from './address.js';

/** RFC 2047 §2; a client may decode one also where the header is correct, and inside quotes. */
const ENCODED_WORD = /=\?([\w*-]{1,40})\?([bq])\?([^\s?]{0,400})\?=(?:\s+(?==\?))?/gi;
const ADDRESS = /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+\.[^\s<>"'(),;:]+/;
const MOST_LAYERS = 3;

/** Control characters, line separators and changes of direction: a name reads otherwise than it is written. */
const MISREAD = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

interface NamedMailbox {
  readonly email: string;
  readonly name: string | null;
}

/** Whether a header can carry the address: servers without SMTPUTF8 accept only ASCII. */
export function addressFaults(field: string, email: string): FieldErrors {
  if (parseMailbox(email)?.ascii === true) return {};
  return { [field]: [`The ${field} must have only ASCII characters before the @.`] };
}

/** What is wrong with a sender or a Reply-To. `form`: given as an object, or as one text with name and address. */
export function senderFaults(field: string, { email, name }: NamedMailbox, form: 'object' | 'text'): FieldErrors {
  const ofObject = form === 'object';
  const wrong = addressFaults(ofObject ? `${field}.email` : field, email);
  if (Object.keys(wrong).length > 0 || name === null) return wrong;
  const rule = nameRule(name, parseMailbox(email)?.identity ?? '');
  if (rule === undefined) return {};
  return ofObject
    ? { [`${field}.name`]: [`The ${field}.name ${rule}.`] }
    : { [field]: [`The name in ${field} ${rule}.`] };
}

/** The rule that a display name breaks. */
export function nameRule(name: string, identity: string): string | undefined {
  if (MISREAD.test(name)) return 'must be one line without control characters or changes of direction';
  return claimsAnotherAddress(name, identity) ? 'must not be another address' : undefined;
}

/** Whether a display name shows another address than the mailbox has, also as a client may decode it. */
export function claimsAnotherAddress(name: string, identity: string): boolean {
  let shown = name;
  for (let layer = 0; layer <= MOST_LAYERS; layer++) {
    const claimed = ADDRESS.exec(plainly(shown))?.[0];
    if (claimed !== undefined && parseMailbox(claimed)?.identity !== identity) return true;
    const decoded = shown.replace(
      ENCODED_WORD,
      (word, charset, form, text) => decodedWord(charset, form, text) ?? word,
    );
    if (decoded === shown) return false;
    shown = decoded;
  }
  // More layers than any honest name has.
  return true;
}

/** Full-width and small forms look like the signs that they stand for; invisible characters are not seen. */
function plainly(text: string): string {
  return text.normalize('NFKC').replace(/[\p{Cf}\p{Mn}]/gu, '');
}

function decodedWord(charset: string, form: string, text: string): string | undefined {
  const isBase64 = form.toLowerCase() === 'b';
  const quoted = text
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_sign, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return new TextDecoder(charset.split('*')[0]).decode(
      isBase64 ? Buffer.from(text, 'base64') : Buffer.from(quoted, 'latin1'),
    );
  } catch {
    return undefined;
  }
}
