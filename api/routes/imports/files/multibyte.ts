import { strictDecoder } from '../../../../web/decoding/encodings.js';

interface Multibyte {
  readonly encoding: string;
  /** Whether two bytes are one of the common characters of the language. */
  readonly isCommon: (lead: number, trail: number) => boolean;
}

const within = (byte: number, from: number, to: number) => byte >= from && byte <= to;

/** In the order of preference. In each standard the common characters come first. */
const MULTIBYTE: readonly Multibyte[] = [
  { encoding: 'euc-kr', isCommon: (lead, trail) => within(lead, 0xb0, 0xc8) && trail >= 0xa1 },
  {
    encoding: 'shift_jis',
    isCommon: (lead, trail) => (lead === 0x82 && trail >= 0x9f) || lead === 0x83 || within(lead, 0x88, 0x98),
  },
  { encoding: 'gb18030', isCommon: (lead, trail) => within(lead, 0xb0, 0xd7) && trail >= 0xa1 },
  {
    encoding: 'big5',
    isCommon: (lead, trail) => within(lead, 0xa4, 0xc6) && (within(trail, 0x40, 0x7e) || trail >= 0xa1),
  },
  {
    encoding: 'euc-jp',
    isCommon: (lead, trail) => (lead === 0xa4 || lead === 0xa5 || within(lead, 0xb0, 0xcf)) && trail >= 0xa1,
  },
];
const ENOUGH = 0.8;

/** The East Asian encoding of lines that begin with a whole character; undefined if none fits. */
export function multibyteGuess(bytes: Buffer): string | undefined {
  const fitting = MULTIBYTE.filter(({ encoding }) => strictDecoder(encoding)(bytes) !== undefined);
  const scores = fitting.map((one) => ({
    encoding: one.encoding,
    score: commonShare(bytes, one) + kanaBonus(bytes, one),
  }));
  const [best] = scores.toSorted((one, other) => other.score - one.score);
  return best !== undefined && best.score >= ENOUGH ? best.encoding : undefined;
}

function commonShare(bytes: Buffer, { isCommon }: Multibyte): number {
  let [pairs, common] = [0, 0];
  for (let at = 0; at < bytes.length; at += 1) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) continue;
    const trail = bytes[at + 1] ?? 0;
    pairs += 1;
    if (isCommon(lead, trail)) common += 1;
    at += 1;
  }
  return pairs === 0 ? 0 : common / pairs;
}

/** Kana have the same bytes in the Chinese standard, where they are rare. */
function kanaBonus(bytes: Buffer, { encoding }: Multibyte): number {
  if (encoding !== 'euc-jp') return 0;
  return bytes.some((byte, at) => (byte === 0xa4 || byte === 0xa5) && (bytes[at + 1] ?? 0) >= 0xa1) ? 0.2 : 0;
}
