import { MASK } from '../../liquid/mask-liquid.js';
import { destinationOf, LONGEST_DESTINATION } from './destination.js';

/** Where a web address stands in a text: from the first character to the one after the last. */
export type LinkRange = readonly [start: number, end: number];

const SCHEME = /https?:\/\//gi;
/** A letter or digit before the scheme makes it part of another word, such as another scheme. */
const WORD = /[A-Za-z0-9+]/;
/** An apostrophe is part of a word, a closing quote is not. */
const CLOSING_QUOTE = /’(?!\p{L})/uy;
/** What is before an address that is a part of another one, such as `mailto:a@x.example?body=` or `www.x.example/?to=`. */
const OTHER_ADDRESS = /(?:^|[\s<>"(])(?:[a-z][a-z0-9+.-]*:|www\.)[^\s<>"]*[/?=&]$/i;
const LONGEST_BEFORE = 300;
/** Between angle brackets; more of them are a sentence. */
const MOST_BLANKS = 4;
/** Addresses in a list without blanks. */
const SEPARATOR = /[,;|]https?:\/\//iy;
/** White space, delimiters of RFC 3986 appendix C, typographic quotes, and the punctuation of scripts without blanks. */
const ENDS_ADDRESS = /[\s\p{Cc}\p{Zs}<>"`“”„‟«»‹›‘‚、。，；：！？（）「」『』【】《》〈〉［］｛｝\uFDD1-\uFDEF]/u;
/** Punctuation of the sentence around an address, and characters without a width that are copied along with it. */
const TRAILING = new Set('.,;:!?…\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff');
const PAIRS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const OPENERS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
/** Delimiters that end an address too if they are before it: quotes and emphasis. */
const SURROUNDING = new Set("'*_~|");

/**
 * The web addresses in a text that an author wrote (RFC 3986 and its appendix C, WHATWG URL). Liquid next to an address is part of it,
 * so that such an address is none that is known here; `mask` covers it.
 */
export function addressesIn(source: string, mask: (source: string) => string = (text) => text): readonly LinkRange[] {
  const text = mask(source);
  const found: LinkRange[] = [];
  for (SCHEME.lastIndex = 0; ; ) {
    const scheme = SCHEME.exec(text);
    if (scheme === null) return found;
    const start = scheme.index;
    const before = text[start - 1] ?? '';
    const masked = { source, text };
    const [end, next] = before === '<' ? inBrackets(masked, start) : inProse(masked, start, before);
    SCHEME.lastIndex = Math.max(next, start + scheme[0].length);
    const isPart =
      WORD.test(before) ||
      (before === MASK && source.startsWith('}}', start - 2)) ||
      OTHER_ADDRESS.test(text.slice(Math.max(0, start - LONGEST_BEFORE), start));
    const address = text.slice(start, end);
    if (!isPart && !address.includes(MASK) && destinationOf(unfolded(address)) !== undefined) found.push([start, end]);
  }
}

/** An address without the line breaks that a text may add to it between angle brackets (RFC 3986 appendix C). */
export function unfolded(address: string): string {
  return address.replace(/[^\S\r\n]*[\r\n]\s*/g, '');
}

interface Masked {
  readonly source: string;
  readonly text: string;
}

type Found = readonly [end: number, next: number];

/** `<https://…>`: up to the closing bracket, blanks included. */
function inBrackets(masked: Masked, start: number): Found {
  const { text } = masked;
  const inside = text.slice(start, start + LONGEST_DESTINATION).split(/[<>]/, 1)[0] ?? '';
  const end = start + inside.length;
  const isOne = unfolded(inside).split(/\s/).length <= MOST_BLANKS && !/\s\S*:\/\//.test(inside);
  return isOne && text[end] === '>' ? [end, end] : inProse(masked, start, '');
}

function inProse({ source, text }: Masked, start: number, before: string): Found {
  const end = endOfRun(text, start, before);
  const run = text.slice(start, end);
  const whole = run.split(MASK, 1)[0] ?? '';
  const bare = withoutTrailing(whole, before);
  const isApart = whole === run || endsBefore(whole.slice(bare.length), source.slice(start + whole.length, end + 20));
  return [start + (isApart ? bare.length : run.length), end];
}

/** Whether the Liquid behind an address is not part of it: a bracket is between them, or the end of a sentence and of a block. */
function endsBefore(punctuation: string, tag: string): boolean {
  return /[)\]}'*_~|]/.test(punctuation) || (punctuation !== '' && /^\{%-?\s{0,9}(?:end|els|when)/.test(tag));
}

/** The end of the characters that may belong to an address. A bracket before the address ends it where that bracket is closed. */
function endOfRun(text: string, start: number, before: string): number {
  const last = Math.min(text.length, start + LONGEST_DESTINATION + 1);
  let depth = 0;
  for (let at = start; at < last; at += 1) {
    const char = text[at] ?? '';
    SEPARATOR.lastIndex = at;
    CLOSING_QUOTE.lastIndex = at;
    if (ENDS_ADDRESS.test(char) || SEPARATOR.test(text) || CLOSING_QUOTE.test(text)) return at;
    if (char === before) depth += 1;
    if (char !== PAIRS[before]) continue;
    if (depth === 0) return at;
    depth -= 1;
  }
  return last;
}

/** Takes off punctuation, and brackets that the address does not open. */
function withoutTrailing(address: string, before: string): string {
  const surplus = new Map(
    Object.entries(OPENERS).map(([close, open]) => [close, count(address, close) - count(address, open)]),
  );
  let quotes = count(address, "'");
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1] ?? '';
    const unopened = surplus.get(last) ?? 0;
    if (unopened > 0) surplus.set(last, unopened - 1);
    else if (last === "'" && quotes % 2 === 1) quotes -= 1;
    else if (!TRAILING.has(last) && !(SURROUNDING.has(before) && last === before)) break;
  }
  return address.slice(0, end);
}

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}
