import { isAscii } from 'node:buffer';
import { decoderOf } from '../../../../web/decoding/encodings.js';
import { multibyteGuess } from './multibyte.js';

/** Bytes of lines beyond ASCII that the guess is made from. */
const SAMPLE_BYTES = 65_536;
const LONGEST_LINE = 4_096;

/**
 * Inspects a file block by block. A file is UTF-8 if most of its characters beyond ASCII are; else its encoding is guessed from
 * the words that contain such characters.
 */
export function encodingProbe() {
  const evidence = { valid: 0, invalid: 0 };
  const sample: Buffer[] = [];
  let [sampled, rest] = [0, Buffer.alloc(0)];
  const look = (block: Buffer, isLast: boolean) => {
    if (isAscii(block)) return;
    rest = countUtf8(Buffer.concat([rest, block]), evidence, isLast);
    if (sampled < SAMPLE_BYTES) for (const line of linesBeyondAscii(block)) sampled += sample.push(line) && line.length;
  };
  return {
    add: (block: Uint8Array): void => look(Buffer.from(block), false),
    encoding: (): string => {
      rest = countUtf8(rest, evidence, true);
      if (evidence.invalid <= evidence.valid) return 'utf-8';
      return legacyEncoding(Buffer.concat(sample.map((line) => Buffer.concat([line, Buffer.from('\n')]))));
    },
  };
}

/** Counts the characters beyond ASCII; returns the bytes of a last character that may go on in the next block. */
function countUtf8(bytes: Buffer, evidence: { valid: number; invalid: number }, isLast: boolean): Buffer<ArrayBuffer> {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] ?? 0);
    if (length === 1) at += 1;
    else if (at + length > bytes.length && !isLast) return Buffer.from(bytes.subarray(at));
    else if (length > 1 && isSequence(bytes, at, length)) {
      evidence.valid += 1;
      at += length;
    } else {
      evidence.invalid += 1;
      at += 1;
    }
  }
  return Buffer.alloc(0);
}

/** By the first byte; 0 where no character begins. */
function sequenceLength(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2 || byte > 0xf4) return 0;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

function isSequence(bytes: Buffer, at: number, length: number): boolean {
  for (let next = 1; next < length; next += 1) if (((bytes[at + next] ?? 0) & 0xc0) !== 0x80) return false;
  return true;
}

function* linesBeyondAscii(block: Buffer): Generator<Buffer> {
  for (let from = 0; from < block.length; ) {
    const end = block.indexOf(0x0a, from);
    const line = block.subarray(from, end === -1 ? block.length : end);
    if (!isAscii(line)) yield Buffer.from(line.subarray(0, LONGEST_LINE));
    from = end === -1 ? block.length : end + 1;
  }
}

interface Script {
  readonly encoding: string;
  /** The letters of one language each. A word fits if it uses the letters of one language. */
  readonly languages: readonly string[];
  /** Its words contain no ASCII letters, and at least one of these vowels among five letters. */
  readonly vowels?: RegExp;
}

const CYRILLIC = ['абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўђјљњћџѓќѕ'];
const CYRILLIC_VOWELS = /[аеёиоуыэюяіїє]/g;
const CENTRAL = ['ąćęłńóśźż', 'áčďéěíňóřšťúůýž', 'áäčďéíĺľňóôŕšťúýž', 'áéíóöőúüű', 'čćđšž', 'ăâîșțşţ', 'äöüß'];
/** In the order of preference. */
const SCRIPTS: readonly Script[] = [
  {
    encoding: 'windows-1252',
    languages: [
      'äöüß',
      'éèêëàâçôûùîïüœæÿ',
      'áéíóúüñç',
      'ãõáéíóúâêôçàü',
      'åäöøæéü',
      'àèéìòùîí',
      'áðéíóúýþæö',
      'äëïöüéèáóíú',
      'áéíóúàèò',
    ],
  },
  { encoding: 'windows-1250', languages: CENTRAL },
  { encoding: 'iso-8859-2', languages: CENTRAL },
  { encoding: 'windows-1254', languages: ['çğıiöşüâî'] },
  { encoding: 'windows-1257', languages: ['ąčęėįšųūž', 'āčēģīķļņšūž', 'äõöüšž'] },
  { encoding: 'windows-1251', languages: CYRILLIC, vowels: CYRILLIC_VOWELS },
  { encoding: 'windows-1255', languages: ['אבגדהוזחטיךכלםמןנסעףפץצקרשת'], vowels: /./gu },
  { encoding: 'koi8-r', languages: CYRILLIC, vowels: CYRILLIC_VOWELS },
  { encoding: 'koi8-u', languages: CYRILLIC, vowels: CYRILLIC_VOWELS },
  { encoding: 'ibm866', languages: CYRILLIC, vowels: CYRILLIC_VOWELS },
  { encoding: 'windows-1253', languages: ['αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ'], vowels: /[αεηιουωάέήίόύώ]/g },
  { encoding: 'windows-1256', languages: ['ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ'], vowels: /./gu },
  { encoding: 'macintosh', languages: ['äöüß', 'éèêëàâçôûùîïüœæ', 'áéíóúüñ', 'åäöøæ', 'àèéìòù'] },
];
const ENOUGH = 0.6;

/** The encoding in which the most words are words; windows-1252 if none fits. */
function legacyEncoding(bytes: Buffer): string {
  const scores = SCRIPTS.map((script) => ({ encoding: script.encoding, score: scoreOf(bytes, script) }));
  const best = scores.reduce((one, other) => (other.score > one.score + 0.01 ? other : one));
  if (best.score >= ENOUGH) return best.encoding;
  return multibyteGuess(bytes) ?? 'windows-1252';
}

/** A word with a character beyond ASCII. */
const WORD = /[^\s,;|"'()<>@:/\\_.\-–+*!?\d]*[^\s\p{ASCII}][^\s,;|"'()<>@:/\\_.\-–+*!?\d]*/gu;

/** The share of words beyond ASCII that fit. */
function scoreOf(bytes: Buffer, { encoding, languages, vowels }: Script): number {
  const text = decoderOf(encoding).decode(bytes).normalize('NFC');
  const words = Array.from(text.matchAll(WORD), ([word]) => word);
  const letters = words.filter((word) => !/^[€£§°©®™„“”‘’«»…\u00a0]+$/.test(word));
  const fits = letters.filter((word) =>
    vowels === undefined ? isLatin(word, languages) : isOf(word, languages, vowels),
  );
  return letters.length === 0 ? 0 : fits.length / letters.length;
}

/** `Word`, `word` or `WORD`, but not `wORD`. */
const CASED = /^(?:\p{Lu}?\P{Lu}*|\p{Lu}+)$/u;
/** `McWord`. */
const INNER_CAPITAL = /^(?:\p{Lu}\p{Ll}+){2,}$/u;

function isLatin(word: string, languages: readonly string[]): boolean {
  if (!CASED.test(word) && !INNER_CAPITAL.test(word)) return false;
  const special = [...word.toLowerCase()].filter((char) => char > '\x7f');
  return (
    special.length <= word.length / 2 + 1 &&
    languages.some((letters) => special.every((char) => letters.includes(char)))
  );
}

function isOf(word: string, languages: readonly string[], vowels: RegExp): boolean {
  const small = word.toLowerCase();
  const sung = small.match(vowels)?.length ?? 0;
  return (
    CASED.test(word) &&
    sung >= Math.floor(small.length / 5 + 0.5) &&
    languages.some((letters) => [...small].every((char) => letters.includes(char)))
  );
}
