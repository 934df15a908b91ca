import { isTooDeep } from '../../domain/json.js';

/** Of one feed. A feed of 2,000 episodes has less than 100,000 elements. */
export const FEED_LIMITS = { elements: 100_000, nested: 100, attributes: 1_000 } as const;

/**
 * Why a feed is not parsed: it has more of something than any feed. One pass over the text; a text that is not well-formed is
 * left to the parser.
 */
export function excessOfFeed(text: string): string | undefined {
  if (text.trimStart().startsWith('{')) return isTooDeep(text) ? 'too complex: nested too deep' : undefined;
  const count: Counts = { elements: 0, nested: 0, attributes: 0 };
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at)) {
    const tag = tagAt(text, at);
    if (tag === undefined) return undefined;
    add(count, tag);
    const passed = LIMITED.find(([what]) => count[what] > FEED_LIMITS[what]);
    if (passed !== undefined) return `too complex: more than ${FEED_LIMITS[passed[0]]} ${passed[1]}`;
    at = tag.end;
  }
  return undefined;
}

const DOCUMENTS: readonly (readonly [root: RegExp, what: string])[] = [
  [/^$/, 'the document is empty'],
  [/^[[{]/, 'the document is JSON, but not JSON Feed, or it is incomplete'],
  [/^<(?:html|head|body|meta|div)\b/i, 'the document is a web page (HTML) and not a feed'],
  [/^<opml\b/i, 'the document is a list of feeds (OPML); name one of the feeds in it'],
  [/^<(?:[\w.-]+:)?(?:rss|feed|rdf)\b/i, 'the feed is incomplete, or not well-formed'],
];
/** What stands before the first element: declarations, comments, a document type. */
const PROLOGUE = /^(?:\s|<\?[^>]*>|<!--[\s\S]*?-->|<!doctype(?! html)[^>]*>)+/i;

/** What a document is that cannot be read as a feed. */
export function unreadableDocument(text: string): string {
  const begin = text
    .slice(0, 4_000)
    .replace(PROLOGUE, '')
    .replace(/^<!doctype html/i, '<html')
    .trim();
  return DOCUMENTS.find(([root]) => root.test(begin))?.[1] ?? 'the document is neither RSS, Atom nor JSON Feed';
}

type Counts = Record<keyof typeof FEED_LIMITS, number>;

const LIMITED = [
  ['attributes', 'attributes in one element'],
  ['elements', 'elements'],
  ['nested', 'elements inside each other'],
] as const;

function add(count: Counts, { opens, closes, attributes }: Tag): void {
  if (opens) count.elements += 1;
  if (opens) count.nested += 1;
  if (closes) count.nested = Math.max(0, count.nested - 1);
  count.attributes = attributes;
}

interface Tag {
  readonly opens: boolean;
  readonly closes: boolean;
  readonly attributes: number;
  /** The place behind it. */
  readonly end: number;
}

const NOTHING = { opens: false, closes: false, attributes: 0 };
/** Sections whose signs are text. */
const SECTIONS = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
] as const;
const NAME = /[a-z_:/]/i;
const DELIMITERS = /[>"']/g;

/** The tag or section at a sign; undefined where it does not end. */
function tagAt(text: string, at: number): Tag | undefined {
  const section = SECTIONS.find(([begin]) => text.startsWith(begin, at));
  if (section !== undefined) {
    const end = text.indexOf(section[1], at + section[0].length);
    return end === -1 ? undefined : { ...NOTHING, end: end + section[1].length };
  }
  if (!NAME.test(text.charAt(at + 1))) return { ...NOTHING, end: at + 1 };
  let attributes = 0;
  let end = delimiterFrom(text, at);
  while (end !== -1 && text[end] !== '>') {
    const closing = text.indexOf(text.charAt(end), end + 1);
    attributes += 1;
    end = closing === -1 ? -1 : delimiterFrom(text, closing + 1);
  }
  // The parser reads the attributes of an element without an end too.
  if (end === -1 && attributes <= FEED_LIMITS.attributes) return undefined;
  const isEnd = text[at + 1] === '/';
  return { opens: !isEnd, closes: isEnd || text[end - 1] === '/', attributes, end: end === -1 ? text.length : end + 1 };
}

function delimiterFrom(text: string, from: number): number {
  DELIMITERS.lastIndex = from;
  return DELIMITERS.exec(text)?.index ?? -1;
}
