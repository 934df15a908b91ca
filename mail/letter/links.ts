import { containsHiddenLiquid, hideLiquid, PLACEHOLDER_START, restoreLiquid } from '../liquid/hide-liquid.js';

/** The links of a body: their destinations, and the links whose destination depends on the recipient's fields. */
export interface FoundLinks {
  /** In order of appearance, without duplicates. */
  readonly destinations: readonly string[];
  /** As written in the source; these links are not tracked. */
  readonly personal: readonly string[];
}

/** Returns the replacement of a destination, or undefined to leave the link unchanged. */
export type Rewrite = (destination: string) => string | undefined;

/** Proxies refuse longer headers. */
const LONGEST_DESTINATION = 4_000;
const LONGEST_TAG = 16_384;
/** The scan stops after this many tags without an end. Real letters have none. */
const MAX_BROKEN_TAGS = 20;

const OPENING = new RegExp(`<(?:a|area|v:[a-z]+)(?=[\\s/${PLACEHOLDER_START}])`, 'gi');
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>=`]+))?/g;

/** Finds the links of an HTML body, with or without Liquid. */
export function linksIn(html: string): FoundLinks {
  const destinations = new Set<string>();
  const personal: string[] = [];
  const { marked, tags } = hideLiquid(html);
  for (const { value, kept } of hrefsOf(marked)) {
    if (kept) continue;
    if (containsHiddenLiquid(value)) personal.push(restoreLiquid(value, tags));
    else if (destinationOf(value) !== undefined) destinations.add(destinationOf(value) ?? '');
  }
  return { destinations: [...destinations], personal };
}

/** Destinations whose links are marked with `data-notrack`. */
export function untrackedIn(html: string): ReadonlySet<string> {
  const hrefs = [...hrefsOf(hideLiquid(html).marked)];
  return new Set(hrefs.flatMap(({ value, kept }) => (kept ? (destinationOf(value) ?? []) : [])));
}

/** Replaces the destinations of the links; their text and other attributes stay. */
export function rewriteHtml(html: string, rewrite: Rewrite): string {
  const { marked, tags } = hideLiquid(html);
  let done = '';
  let from = 0;
  for (const { start, end, value, kept } of hrefsOf(marked)) {
    const destination = kept || containsHiddenLiquid(value) ? undefined : destinationOf(value);
    const other = destination === undefined ? undefined : rewrite(destination);
    if (other === undefined) continue;
    done += `${marked.slice(from, start)}"${other}"`;
    from = end;
  }
  return restoreLiquid(done + marked.slice(from), tags);
}

const BARE = /https?:\/\/[^\s<>"'[\]{}|\\^`]+/gi;

/** The same for a text part, in which each web address is a link. */
export function rewriteText(text: string, rewrite: Rewrite): string {
  const { marked, tags } = hideLiquid(text);
  const done = marked.replace(BARE, (found) => {
    const [before = ''] = found.split(PLACEHOLDER_START, 1);
    const bare = before.length > LONGEST_DESTINATION ? '' : withoutTrailingPunctuation(before);
    // Liquid directly after the address is part of it.
    const personal = bare === before && before !== found;
    const destination = personal ? undefined : destinationOf(bare.replaceAll('&', '&amp;'));
    const other = destination === undefined ? undefined : rewrite(destination);
    return other === undefined ? found : other + found.slice(bare.length);
  });
  return restoreLiquid(done, tags);
}

/** The destinations of the web addresses in a text part. */
export function addressesIn(text: string): readonly string[] {
  const found = new Set<string>();
  rewriteText(text, (destination) => {
    found.add(destination);
    return undefined;
  });
  return [...found];
}

/** Removes the punctuation that ends a sentence or closes a parenthesis around an address. */
function withoutTrailingPunctuation(address: string): string {
  let end = address.length;
  let unopened = count(address, ')') - count(address, '(');
  for (; end > 0; end -= 1) {
    const last = address[end - 1] ?? '';
    if (last === ')' && unopened > 0) unopened -= 1;
    else if (!'.,;:!?'.includes(last)) break;
  }
  return address.slice(0, end);
}

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}

interface Href {
  /** Position of the value, quotes included. */
  readonly start: number;
  readonly end: number;
  readonly value: string;
  /** Whether the link is marked with `data-notrack`. */
  readonly kept: boolean;
}

function* hrefsOf(html: string): Generator<Href> {
  let broken = 0;
  OPENING.lastIndex = 0;
  for (let from = 0; broken < MAX_BROKEN_TAGS; ) {
    OPENING.lastIndex = from;
    const opening = OPENING.exec(html);
    if (opening === null) return;
    const start = opening.index + opening[0].length;
    const end = endOfTag(html, start);
    from = end ?? start;
    if (end === undefined) broken += 1;
    else yield* hrefIn(html, start, end);
  }
}

function endOfTag(html: string, start: number): number | undefined {
  let quote = '';
  for (let i = start; i < Math.min(html.length, start + LONGEST_TAG); i += 1) {
    const char = html[i] ?? '';
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return i;
  }
  return undefined;
}

/** Uses the first `href` of a tag, as browsers do. */
function* hrefIn(html: string, start: number, end: number): Generator<Href> {
  const tag = html.slice(start, end);
  const attributes = [...tag.matchAll(ATTRIBUTE)];
  const href = attributes.find(([, name = '', value]) => name.toLowerCase() === 'href' && value !== undefined);
  const given = href?.[2];
  if (href === undefined || given === undefined) return;
  const at = start + href.index + href[0].length - given.length;
  const value = /^["']/.test(given) ? given.slice(1, -1) : given;
  const kept = attributes.some(([, name = '']) => name.toLowerCase() === 'data-notrack');
  yield { start: at, end: at + given.length, value, kept };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', apos: "'", lt: '<', gt: '>' };

/** The address that a browser would open; undefined if the value is not a web address or is ambiguous. */
function destinationOf(value: string): string | undefined {
  let known = true;
  const address = value.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z][a-z0-9]*));/gi, (_, decimal, hex, name) => {
    const char = name === undefined ? charOf(Number(decimal ?? `0x${hex}`)) : ENTITIES[String(name).toLowerCase()];
    known &&= char !== undefined;
    return char ?? '';
  });
  const trimmed = address.trim();
  if (!known || !/^https?:\/\//i.test(trimmed) || trimmed.length > LONGEST_DESTINATION) return undefined;
  return URL.canParse(trimmed) ? new URL(trimmed).href : undefined;
}

function charOf(code: number): string | undefined {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
