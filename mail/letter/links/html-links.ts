import { QuoteType, Tokenizer, type TokenizerCallbacks } from 'htmlparser2';
import { MASK } from '../../liquid/mask-liquid.js';
import { destinationOf } from './destination.js';

/** The links of a document. */
export interface HtmlLinks {
  readonly links: readonly HtmlLink[];
  /** The address that relative ones are relative to; undefined in most mails. */
  readonly base: string | undefined;
}

/** The `href` of a link in a document. */
export interface HtmlLink {
  /** Position of the value, quotes included. */
  readonly start: number;
  readonly end: number;
  /** As a browser reads it. */
  readonly value: string;
  /** Whether the link is marked with `data-notrack`. */
  readonly kept: boolean;
}

const LINK = /^(?:a|area|v:[a-z]+|base)$/i;
const MASKS = new RegExp(`${MASK}+`, 'g');
const EQUALS = /[ \t\n\f\r]*=[ \t\n\f\r]*/y;
/** The condition of a comment that Outlook reads as markup. */
const CONDITION = /^\s*\[if\b[^\]]*\]>/i;

/**
 * The links of a document whose Liquid is masked, where the tokenizer of the HTML parser finds them, in order; also those in comments for
 * Outlook. Takes linear time and builds no tree.
 */
export function htmlLinksIn(masked: string): HtmlLinks {
  const found: Found = { links: [], bases: [] };
  walk(masked, 0, found);
  const [base] = found.bases;
  return { links: found.links, base: base === undefined ? undefined : destinationOf(base) };
}

interface Found {
  readonly links: HtmlLink[];
  readonly bases: string[];
}

/** An open tag that is being read. */
interface OpenTag {
  readonly name: string;
  readonly isLink: boolean;
  links: { start: number; end: number; value: string }[];
  kept: boolean;
  /** The first attribute of a name wins, except behind Liquid, which may leave the first one out. */
  hasHref: boolean;
}

interface Attribute {
  readonly name: string;
  readonly start: number;
  value: string;
}

function walk(html: string, offset: number, found: Found): void {
  let tag: OpenTag | undefined;
  let attribute: Attribute | undefined;
  const endOfTag = () => {
    const { name = '', links = [], kept = false } = tag ?? {};
    for (const { start, end, value } of links) {
      if (name === 'base') found.bases.push(value);
      else found.links.push({ start: start + offset, end: end + offset, value, kept });
    }
    tag = undefined;
  };
  const callbacks: TokenizerCallbacks = {
    ...IGNORED,
    onopentagname: (start, end) => {
      const name = (html.slice(start, end).split(MASK, 1)[0] ?? '').toLowerCase();
      tag = { name, isLink: LINK.test(name), links: [], kept: false, hasHref: false };
    },
    onattribname: (start, end) => {
      if (tag?.isLink !== true) return;
      const written = html.slice(start, end);
      if (written.includes(MASK)) tag.hasHref = false;
      attribute = { name: written.replace(MASKS, '').toLowerCase(), start: afterEquals(html, end), value: '' };
    },
    onattribdata: (start, end) => {
      if (attribute !== undefined) attribute.value += html.slice(start, end);
    },
    onattribentity: (codepoint) => {
      if (attribute !== undefined) attribute.value += String.fromCodePoint(codepoint);
    },
    onattribend: (quote, end) => {
      if (tag !== undefined && attribute !== undefined) addAttribute(tag, attribute, { quote, end });
      attribute = undefined;
    },
    onopentagend: endOfTag,
    onselfclosingtag: endOfTag,
    oncomment: (start, end, endOffset) => {
      const comment = html.slice(start, Math.max(start, end - endOffset));
      const condition = offset === 0 ? CONDITION.exec(comment)?.[0] : undefined;
      if (condition !== undefined) walk(comment.slice(condition.length), start + condition.length, found);
    },
  };
  const tokenizer = new Tokenizer({ xmlMode: false, decodeEntities: true }, callbacks);
  tokenizer.write(html);
  tokenizer.end();
}

function addAttribute(
  tag: OpenTag,
  { name, start, value }: Attribute,
  { quote, end }: { readonly quote: QuoteType; readonly end: number },
): void {
  if (name === 'data-notrack') tag.kept = true;
  if (name !== 'href' || tag.hasHref || quote === QuoteType.NoValue) return;
  tag.hasHref = true;
  tag.links.push({ start, end, value });
}

function afterEquals(html: string, at: number): number {
  EQUALS.lastIndex = at;
  return at + (EQUALS.exec(html)?.[0].length ?? 0);
}

const ignore = () => {};
const IGNORED: Omit<TokenizerCallbacks, `onattrib${string}`> = {
  oncdata: ignore,
  onclosetag: ignore,
  oncomment: ignore,
  ondeclaration: ignore,
  onend: ignore,
  onopentagend: ignore,
  onopentagname: ignore,
  onprocessinginstruction: ignore,
  onselfclosingtag: ignore,
  ontext: ignore,
  ontextentity: ignore,
};
