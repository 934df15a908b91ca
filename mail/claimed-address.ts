import { parseMailbox } from './address.js';

/** RFC 2047 §2; a client may decode one also where the header is correct, and inside quotes. */
const ENCODED_WORD = /=\?([\w*-]{1,40})\?([bq])\?([^\s?]{0,400})\?=(?:\s+(?==\?))?/gi;
const ADDRESS = /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+\.[^\s<>"'(),;:]+/;
const MOST_LAYERS = 3;

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
