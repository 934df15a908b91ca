import juice from 'juice';
import { contrast, READABLE, rgbOf } from '../../domain/brand/colour.js';
import { type Finding, type FindingCode, finding } from '../../domain/mail/finding.js';
import { type Placeholders, replacePlaceholders } from '../liquid/placeholders.js';
import { declarationsOf, type Element, treeOf } from './tree.js';

interface TextStyle {
  /** Undefined if unknown, such as with a picture behind the text. */
  readonly colour: string | undefined;
  readonly background: string | undefined;
  readonly pixels: number;
  readonly bold: boolean;
}

const LARGE_TEXT_CONTRAST = 3;
const LIGHT_MODE: TextStyle = { colour: '#000000', background: '#ffffff', pixels: 16, bold: false };
/** The colours of a client in dark mode. */
const DARK_MODE: TextStyle = { ...LIGHT_MODE, colour: '#ffffff', background: '#121212' };
const NOT_RENDERED = new Set(['head', 'style', 'script', 'title']);
const DARK_QUERY = /@media[^{]*prefers-color-scheme\s*:\s*dark[^{]*\{/gi;

/** Text that is hard to read (WCAG 2.2 AA), in light mode, and in dark mode if the mail has styles for it. */
export function contrastOf(marked: string, placeholders: Placeholders): readonly Finding[] {
  // Liquid tags that print nothing are not text.
  const html = replacePlaceholders(marked, (index, mark) =>
    placeholders.sourceOf(index).startsWith('{%') ? '' : mark,
  );
  const darkHtml = darkHtmlOf(html);
  return [
    ...lowContrastIn(treeOf(html), LIGHT_MODE, 'contrast_light'),
    ...(darkHtml === undefined ? [] : lowContrastIn(treeOf(darkHtml), DARK_MODE, 'contrast_dark')),
  ];
}

/** The HTML with its dark-mode rules inlined; undefined if it has none. */
function darkHtmlOf(html: string): string | undefined {
  const sheets = [...html.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style>/gi)].map(([, css = '']) => css).join('\n');
  const rules = [...sheets.matchAll(DARK_QUERY)].map(({ 0: query, index }) => blockAt(sheets, index + query.length));
  if (rules.length === 0) return undefined;
  const bare = html.replace(/<style\b[^>]*>[\s\S]*?<\/style>/gi, '');
  return juice.inlineContent(bare, rules.join('\n'), { applyWidthAttributes: false, applyHeightAttributes: false });
}

/** The text between the brace before `start` and the matching brace. */
function blockAt(css: string, start: number): string {
  let depth = 1;
  let end = start;
  while (end < css.length && depth > 0) {
    if (css[end] === '{') depth += 1;
    if (css[end] === '}') depth -= 1;
    end += 1;
  }
  return css.slice(start, end - 1);
}

function lowContrastIn(element: Element, inherited: TextStyle, code: FindingCode): Finding[] {
  if (NOT_RENDERED.has(element.name)) return [];
  const style = textStyleOf(element, inherited);
  if (style === undefined) return [];
  return element.children.flatMap((child) => {
    if (typeof child !== 'string') return lowContrastIn(child, style, code);
    return child.trim() === '' || isReadable(style)
      ? []
      : [finding(code, `${style.colour} on ${style.background}: ${child}`)];
  });
}

function isReadable({ colour, background, pixels, bold }: TextStyle): boolean {
  if (colour === undefined || background === undefined) return true;
  const isLarge = pixels >= 24 || (bold && pixels >= 18.66);
  return contrast(colour, background) >= (isLarge ? LARGE_TEXT_CONTRAST : READABLE);
}

/** Undefined if the element is hidden. */
function textStyleOf(element: Element, inherited: TextStyle): TextStyle | undefined {
  const style = declarationsOf(element);
  const size = style.get('font-size') ?? '';
  const pixels = /^[\d.]+px$/.test(size) ? Number.parseFloat(size) : inherited.pixels;
  if (style.get('display') === 'none' || style.get('visibility') === 'hidden') return undefined;
  const weight = style.get('font-weight') ?? (/^(?:h[1-6]|b|strong|th)$/.test(element.name) ? 'bold' : undefined);
  return {
    // A link without a colour of its own has the client's link colour.
    colour: textColourOf(
      element,
      style,
      element.name === 'a' && element.attribs['href'] ? undefined : inherited.colour,
    ),
    background: backgroundOf(element, style, inherited.background),
    pixels: headingPixels(element, size) ?? pixels,
    bold: weight === undefined ? inherited.bold : weight === 'bold' || Number(weight) >= 700,
  };
}

function headingPixels({ name }: Element, size: string): number | undefined {
  const level = /^h([1-6])$/.exec(name)?.[1];
  return level === undefined || size !== '' ? undefined : [32, 24, 18.7, 16, 13, 11][Number(level) - 1];
}

function textColourOf(
  { attribs }: Element,
  style: ReadonlyMap<string, string>,
  inherited: string | undefined,
): string | undefined {
  const value = style.get('color') ?? attribs['color'];
  return value === undefined || value === 'inherit' ? inherited : cssColour(value);
}

function backgroundOf({ attribs }: Element, style: ReadonlyMap<string, string>, inherited: string | undefined) {
  const shorthand = style.get('background');
  if (/url\(/i.test(`${shorthand} ${style.get('background-image')} ${attribs['background'] && 'url('}`))
    return undefined;
  const value = style.get('background-color') ?? shorthand ?? attribs['bgcolor'];
  if (value === undefined || /^(?:transparent|none|inherit|initial)?$/i.test(value)) return inherited;
  const colour = cssColour(value);
  return colour !== undefined && rgbOf(colour) !== undefined ? colour : undefined;
}

/** The colour names used in mails; other names are unknown. */
const NAMED: Readonly<Record<string, string>> = {
  black: '#000000',
  white: '#ffffff',
  red: '#ff0000',
  green: '#008000',
  blue: '#0000ff',
  yellow: '#ffff00',
  orange: '#ffa500',
  gray: '#808080',
  grey: '#808080',
  silver: '#c0c0c0',
  lightgray: '#d3d3d3',
  lightgrey: '#d3d3d3',
  darkgray: '#a9a9a9',
  darkgrey: '#a9a9a9',
  navy: '#000080',
  maroon: '#800000',
  purple: '#800080',
  teal: '#008080',
};

/** `#rrggbb` of a CSS colour without transparency; undefined if unknown. */
function cssColour(text: string): string | undefined {
  const value = text.trim().toLowerCase();
  if (/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/.test(value)) return value;
  const rgb = /^rgb\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*\)$/.exec(value);
  if (rgb === null) return NAMED[value];
  const parts = rgb.slice(1).map((part) => Math.min(255, Number(part)).toString(16).padStart(2, '0'));
  return `#${parts.join('')}`;
}
