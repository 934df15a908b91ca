/** Base32 (RFC 4648) without padding, in lower case. It survives mail systems that change the case of an address. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const FORM = /^[a-z2-7]*$/i;

export function toBase32(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >>> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
}

/** Ignores case. Undefined for any other text that `toBase32` does not produce. */
export function fromBase32(text: string): Buffer | undefined {
  if (!FORM.test(text)) return undefined;
  const octets: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text.toLowerCase()) {
    held = ((held << 5) | ALPHABET.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets.push((held >>> bits) & 0xff);
  }
  const read = Buffer.from(octets);
  return toBase32(read) === text.toLowerCase() ? read : undefined;
}
