// The platform's decoder reads windows-1252 as Latin-1 in some versions of Node and lacks labels of the standard.
import { labelToName, TextDecoder as StandardDecoder } from '@exodus/bytes/encoding.js';

/** The encoding behind a label of the WHATWG Encoding Standard, in lower case; undefined for any other label. */
export function encodingOf(label: string): string | undefined {
  const name = labelToName(label.trim());
  return name === null || name === 'replacement' ? undefined : name.toLowerCase();
}

/** A decoder that keeps its state between blocks; invalid bytes become U+FFFD. */
export function decoderOf(encoding: string): InstanceType<typeof StandardDecoder> {
  return new StandardDecoder(encoding);
}

/** Decodes whole texts of one encoding; undefined where a byte is invalid in it. */
export function strictDecoder(encoding: string): (bytes: Uint8Array) => string | undefined {
  const decoder = new StandardDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      return undefined;
    }
  };
}

/** UTF-16 without a byte order mark: every second byte of its first characters is NUL. */
export function utf16Pattern(start: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const pairs = Math.min(64, Math.floor(start.length / 2));
  let [even, odd] = [0, 0];
  for (let pair = 0; pair < pairs; pair += 1) {
    if (start[2 * pair] === 0) even += 1;
    if (start[2 * pair + 1] === 0) odd += 1;
  }
  if (pairs < 2 || even + odd < pairs / 2) return undefined;
  if (odd > 4 * even) return 'utf-16le';
  return even > 4 * odd ? 'utf-16be' : undefined;
}

/** The encoding that a byte order mark names. */
export function markedEncoding(start: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 'utf-8';
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}
