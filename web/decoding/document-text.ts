import { decoderOf, encodingOf, markedEncoding, strictDecoder, utf16Pattern } from './encodings.js';

/**
 * The text of a document. The encoding is the one of the byte order mark, else of the Content-Type, else of the XML declaration
 * (RFC 7303), else UTF-8. A label that does not fit the bytes gives way to the next one.
 */
export function documentText(bytes: Buffer, contentType: string | null): string {
  const marked = markedEncoding(bytes);
  if (marked !== undefined) return decoderOf(marked).decode(bytes);
  const named = [charsetIn(contentType), declaredIn(bytes)].flatMap((label) => encodingOf(label ?? '') ?? []);
  const wide = utf16Pattern(bytes);
  const fitting = wide === undefined ? named.filter((name) => !name.startsWith('utf-16')) : [wide];
  const candidates = fitting.length > 0 ? fitting : ['utf-8', 'windows-1252'];
  for (const encoding of candidates) {
    const text = strictDecoder(encoding)(bytes);
    if (text !== undefined) return text;
  }
  return decoderOf(candidates[0] ?? 'utf-8').decode(bytes);
}

function charsetIn(contentType: string | null): string | undefined {
  return /;\s*charset\s*=\s*["']?\s*([^"'\s;,]+)/i.exec(contentType ?? '')?.[1];
}

function declaredIn(bytes: Buffer): string | undefined {
  const start = bytes.subarray(0, 1024).toString('latin1');
  return /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']\s*([^"'\s]+)/i.exec(start)?.[1];
}
