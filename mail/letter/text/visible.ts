import { hasPlaceholder } from '../../liquid/placeholders.js';
import { type HidingRule, hidingRules, type Style, styleOf } from './hiding-style.js';
import { ShallowParser } from './shallow-parser.js';

interface OpenElement {
  readonly hidden: boolean;
  /** Whether text has no size here. */
  readonly sizeless: boolean;
  readonly invisible: boolean;
}

type Attributes = Readonly<Record<string, string>>;

const SHOWN: OpenElement = { hidden: false, sizeless: false, invisible: false };
const HIDDEN: OpenElement = { ...SHOWN, hidden: true };
/** Sheets of real letters have a few. */
const MOST_RULES = 500;
const ZERO = /^[+-]?0(?:\.0*)?(?:[a-z]+|%)?$/i;

/**
 * A document without what its readers do not see: hidden elements, text without a size, and the head. `rest` says what stays of a
 * piece that is cut out. A link that is still open ends where the next one begins, as in browsers. Of what follows
 * on `DEEPEST` elements inside each other the text stays.
 */
export function visibleHtml(html: string, rest: (piece: string) => string): string {
  const pieces = piecesOf(html, rest);
  const sheets = sheetsSoFar();
  const open: OpenElement[] = [];
  const parent = () => open.at(-1) ?? SHOWN;
  let links = 0;
  let cutFrom = 0;
  let isEnd = false;
  const parser = new ShallowParser(() => open.length, {
    onopentag: (name, attribs) => {
      sheets.opens(name);
      const around = parent();
      const element = parser.isFull ? HIDDEN : elementOf(name, attribs, around, sheets.rules);
      open.push(element);
      if (around.hidden) return;
      if (element.hidden) cutFrom = parser.startIndex;
      else if (name === 'img' && element.invisible) pieces.cut(parser.startIndex, parser.endIndex + 1);
      else if (name === 'a' && ++links > 1) pieces.insert(parser.startIndex, '</a>');
    },
    ontext: (text) => {
      sheets.reads(text);
      const { hidden, sizeless, invisible } = parent();
      if ((sizeless || invisible) && !hidden) pieces.cut(parser.startIndex, parser.endIndex + 1);
    },
    onclosetag: (name, implied) => {
      sheets.closes(name);
      const ended = open.pop() ?? SHOWN;
      if (parent().hidden) return;
      if (!ended.hidden) {
        if (name === 'a') links -= 1;
        return;
      }
      // Another tag or the end of the document may close an element; an empty element ends with its own tag.
      const isImplied = implied && parser.startIndex !== cutFrom;
      pieces.cut(cutFrom, isEnd ? html.length : isImplied ? parser.startIndex : parser.endIndex + 1);
    },
  });
  parser.write(html);
  isEnd = true;
  parser.end();
  return pieces.all();
}

/** A document from which pieces are cut, from left to right. */
function piecesOf(html: string, rest: (piece: string) => string) {
  let done = '';
  let kept = 0;
  return {
    cut: (from: number, to: number) => {
      done += html.slice(kept, from) + rest(html.slice(from, to));
      kept = to;
    },
    insert: (at: number, markup: string) => {
      done += html.slice(kept, at) + markup;
      kept = at;
    },
    all: () => done + html.slice(kept),
  };
}

/** The rules of the sheets that have been read. */
function sheetsSoFar() {
  const rules: HidingRule[] = [];
  let sheet: string | undefined;
  return {
    rules,
    opens: (name: string) => {
      if (name === 'style') sheet = '';
    },
    reads: (text: string) => {
      if (sheet !== undefined) sheet += text;
    },
    closes: (name: string) => {
      if (name !== 'style') return;
      if (rules.length < MOST_RULES) rules.push(...hidingRules(sheet ?? ''));
      sheet = undefined;
    },
  };
}

function elementOf(name: string, attribs: Attributes, parent: OpenElement, rules: readonly HidingRule[]): OpenElement {
  if (parent.hidden) return parent;
  const style = styleOf(name, attribs, rules);
  const visibility = style.get('visibility');
  return {
    hidden: isHidden(name, attribs, style),
    sizeless: isSizeless(style.get('font-size') ?? sizeOfFont(style.get('font')), parent.sizeless),
    invisible: visibility === undefined ? parent.invisible : /^(?:hidden|collapse)$/i.test(visibility),
  };
}

function isHidden(name: string, attribs: Attributes, style: Style): boolean {
  if (name === 'head' || name === 'title') return true;
  const display = style.get('display');
  if (display !== undefined && hasPlaceholder(display)) return false;
  if (display === undefined ? attribs['hidden'] !== undefined : /^none$/i.test(display)) return true;
  const isZero = (property: string) => ZERO.test(style.get(property) ?? '');
  const isFlat = isZero('height') || isZero('max-height') || isZero('width') || isZero('max-width');
  return isZero('opacity') || (isFlat && /^hidden/i.test(style.get('overflow') ?? ''));
}

/** A relative size of nothing is nothing. */
function isSizeless(size: string | undefined, inherited: boolean): boolean {
  if (size === undefined || /^(?:inherit|unset)$/i.test(size)) return inherited;
  return ZERO.test(size) || (inherited && /(?:(?<!r)em|ex|%)$|^(?:smaller|larger)$/i.test(size));
}

/** The size in `italic 16px/1.5 Arial`. */
function sizeOfFont(font: string | undefined): string | undefined {
  return font === undefined ? undefined : /(?:^|\s)([\d.]+(?:[a-z]+|%)?)(?=[\s/])/i.exec(font)?.[1];
}
