import { compile, type DomNode, type FormatCallback } from 'html-to-text';
import { TRACKED_LIMITS } from '../../liquid/complexity.js';
import { liquidFault, parseLiquid } from '../../liquid/engine.js';
import { guarded, withoutGuards } from '../../liquid/guard.js';
import { maskLiquid } from '../../liquid/mask-liquid.js';
import { piecesOf } from '../../liquid/pieces.js';
import { newPlaceholders, type Placeholders } from '../../liquid/placeholders.js';
import {
  ADDRESS_TAGS,
  type AddressPlace,
  addressTags,
  LINK_END,
  LINK_MARKS,
  LINK_START,
  printedAddress,
} from '../../liquid/printed-address.js';
import type { LinkRange } from '../links/address-grammar.js';
import { destinationOf } from '../links/destination.js';
import { htmlLinksIn } from '../links/html-links.js';
import { beginsWithBranch, isSeparated, labelOf } from './following-text.js';
import { isLabelOf, linkOf, type PrintedLink } from './printed-link.js';
import { DEEPEST } from './shallow-parser.js';
import { visibleHtml } from './visible.js';

/** The text part of a letter. */
export interface TextPart {
  readonly text: string;
  /** Where the addresses of its links stand, in order. */
  readonly links: readonly LinkRange[];
}

/** What the formatters know of the document. */
interface Metadata {
  readonly base: string | undefined;
  readonly placeholders: Placeholders;
}

const MARK_REFERENCES = /&#(?:x0*fdd[45]|0*6498[01])(?![0-9a-f]);?/gi;
/** Control characters, which mail clients do not show. */
const CONTROLS = /(?![\n\t])\p{Cc}/gu;
/** Liquid directly behind the name of a tag. */
const TAG_BEFORE_LIQUID = /(<[a-z][a-z0-9:]{0,20})(?=\uE000)/gi;

const attributesOf = ({ attribs }: DomNode) => (attribs ?? {}) as Readonly<Record<string, string>>;

const image: FormatCallback = (element, _walk, builder) => {
  const { alt = '' } = attributesOf(element);
  if (alt !== '') builder.addInline(isSeparated(element) ? alt : `${alt} `);
};

/** The label, then the address. The address is first where Liquid decides between several links with one label. */
const anchor: FormatCallback = (element, walk, builder) => {
  const { base, placeholders } = (builder as unknown as { readonly metadata: Metadata }).metadata;
  const reading = {
    base,
    sourceOf: placeholders.sourceOf,
    marked: (address: string) => LINK_START + address + LINK_END,
  };
  const link = linkOf(attributesOf(element), reading);
  const label = element.name === 'area' ? (attributesOf(element)['alt'] ?? '') : labelOf(element);
  const printLabel = () => (element.name === 'area' ? builder.addInline(label) : walk(element.children, builder));
  if (link.address === '') printLabel();
  else if (beginsWithBranch(element, placeholders.sourceOf)) {
    builder.addInline(addressAt('before', link, placeholders));
    printLabel();
  } else if (label.trim() === '') builder.addInline(addressAt('alone', link, placeholders));
  else if (isLabelOf(label, link, reading)) link.isPersonal ? printLabel() : builder.addInline(link.shown);
  else {
    printLabel();
    builder.addInline(addressAt('after', link, placeholders));
  }
  if (label + link.address !== '' && !isSeparated(element)) builder.addInline(' ');
};

/** An address with personal values is printed by a tag, with the delimiters that its value needs. */
function addressAt(place: AddressPlace, { shown, isPersonal }: PrintedLink, { mark }: Placeholders): string {
  if (!isPersonal) return printedAddress(shown, place);
  const [open, end] = addressTags(place);
  return mark(open) + shown + mark(end);
}

/** Each table row becomes a line, with a blank between its cells. */
const row: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 1 });
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 1 });
};
const cell: FormatCallback = (element, walk, builder) => {
  walk(element.children, builder);
  builder.addInline(' ');
};

/** Elements that a browser puts on lines of their own, and the converter does not. */
const BLOCKS = [
  'address',
  'caption',
  'center',
  'dd',
  'details',
  'dl',
  'dt',
  'figcaption',
  'figure',
  'legend',
  'summary',
];

const ONE_LINE = { leadingLineBreaks: 1, trailingLineBreaks: 1 };

const converted: (html: string, metadata: Metadata) => string = compile({
  wordwrap: false,
  limits: { maxDepth: DEEPEST },
  formatters: { image, anchor, row, cell },
  selectors: [
    ...['a', 'area'].map((selector) => ({ selector, format: 'anchor' })),
    { selector: 'img', format: 'image' },
    { selector: 'tr', format: 'row' },
    ...BLOCKS.map((selector) => ({ selector, format: 'block', options: ONE_LINE })),
    ...['td', 'th'].map((selector) => ({ selector, format: 'cell' })),
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
});

/** The text part of a finished document. */
export function textPartOf(html: string): TextPart {
  const source = withoutForged(html);
  const { base } = htmlLinksIn(source);
  return withoutMarks(
    converted(
      visibleHtml(source, () => ''),
      { base, placeholders: newPlaceholders() },
    ),
  );
}

/** The text part of a document whose Liquid stays. */
export function liquidTextPart(html: string): TextPart {
  return withoutMarks(markedText(html));
}

/**
 * The same with marks around the addresses of links, for a caller that changes the text before it takes them out. Text that the
 * conversion decodes or joins never becomes Liquid.
 */
export function markedText(html: string): string {
  const placeholders = newPlaceholders();
  const source = withoutForged(html);
  const { base } = htmlLinksIn(maskLiquid(source));
  const marked = placeholders.hide(source).replace(TAG_BEFORE_LIQUID, '$1 ');
  const visible = visibleHtml(marked, (piece) => remainderOf(piece, placeholders));
  return withWholeBlocks(placeholders.restore(converted(visible, { base, placeholders })));
}

function withoutForged(html: string): string {
  return html.replace(LINK_MARKS, '').replace(MARK_REFERENCES, '');
}

/** Markup that the text part drops may contain half of a Liquid block; then the tags are removed and their content stays. */
function withWholeBlocks(text: string): string {
  try {
    parseLiquid(text, 'plain', TRACKED_LIMITS);
    return text;
  } catch (error) {
    if (liquidFault(error) === undefined) throw error;
    return piecesOf(text, TRACKED_LIMITS)
      .map(({ source, kind }) => (kind === 'text' ? guarded(source) : outsideOfBlocks(source)))
      .join('');
  }
}

function outsideOfBlocks(tag: string): string {
  if (ADDRESS_TAGS.includes(tag)) return ' ';
  return tag.startsWith('{%') ? '' : tag;
}

/** What stays of a hidden piece: the tags of blocks, so that they stay whole, and what is captured there to be shown elsewhere. */
function remainderOf(piece: string, { sourceOf }: Placeholders): string {
  let rest = '';
  let captures = 0;
  let from = 0;
  for (const { 0: mark, 1: index = '', index: at } of piece.matchAll(/\uE000(\d+)\uE001/g)) {
    const tag = sourceOf(index);
    if (captures > 0) rest += piece.slice(from, at) + mark;
    else if (tag.startsWith('{%')) rest += mark;
    if (/^\{%-?\s*capture\b/.test(tag)) captures += 1;
    if (/^\{%-?\s*endcapture\b/.test(tag)) captures -= 1;
    from = at + mark.length;
  }
  return rest;
}

/**
 * Takes the marks out, and control characters with them. A pair counts if there is a web address between.
 */
export function withoutMarks(source: string): TextPart {
  const marked = source.replace(/\r\n?/g, '\n').replace(CONTROLS, '');
  const links: LinkRange[] = [];
  let text = '';
  let start = -1;
  let from = 0;
  for (const { 0: mark, index } of marked.matchAll(LINK_MARKS)) {
    const address = marked.slice(from, index);
    text += address;
    from = index + mark.length;
    if (mark === LINK_END && start >= 0 && destinationOf(address) === withoutGuards(address))
      links.push([start, text.length]);
    start = mark === LINK_START ? text.length : -1;
  }
  return { text: text + marked.slice(from), links };
}

/** Puts the marks back, so that a text can be filled in. */
export function withMarks({ text, links }: TextPart): string {
  let marked = '';
  let from = 0;
  for (const [start, end] of links) {
    marked += text.slice(from, start) + LINK_START + text.slice(start, end) + LINK_END;
    from = end;
  }
  return marked + text.slice(from);
}
