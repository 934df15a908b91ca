import juice from 'juice';
import { contrast, READABLE, rgbOf } from '../../domain/colour.js';
import { type Finding, type FindingCode, finding } from '../../domain/finding.js';
import { eachMark, type Marks } from '../render/marks.js';
import { cssColour } from './css-colour.js';
import { declarationsOf, type Element, treeOf } from './tree.js';

interface Paint {
  /** Undefined: not known, such as a picture behind the text. */
  readonly ink: string | undefined;
  readonly paper: string | undefined;
  readonly pixels: number;
  readonly bold: boolean;
}

const LARGE = 3;
const DAY: Paint = { ink: '#000000', paper: '#ffffff', pixels: 16, bold: false };
/** What a client puts behind a mail that says it can do dark. */
const NIGHT: Paint = { ...DAY, ink: '#ffffff', paper: '#121212' };
const UNSEEN = new Set(['head', 'style', 'script', 'title']);
const DARK_QUERY = /@media[^{]*prefers-color-scheme\s*:\s*dark[^{]*\{/gi;

/** Text that is hard to read (WCAG 2.2 AA), by day, and by night where the mail has colours for it. */
export function contrastOf(marked: string, marks: Marks): readonly Finding[] {
  // What Liquid only asks is not read by anybody.
  const html = eachMark(marked, (index, mark) => (marks.sourceOf(index).startsWith('{%') ? '' : mark));
  const night = nightOf(html);
  return [
    ...faintIn(treeOf(html), DAY, 'contrast_light'),
    ...(night === undefined ? [] : faintIn(treeOf(night), NIGHT, 'contrast_dark')),
  ];
}

/** The HTML as it is painted in dark mode, its rules for that inlined; undefined where it has none. */
function nightOf(html: string): string | undefined {
  const sheets = [...html.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style>/gi)].map(([, css = '']) => css).join('\n');
  const rules = [...sheets.matchAll(DARK_QUERY)].map(({ 0: query, index }) => blockAt(sheets, index + query.length));
  if (rules.length === 0) return undefined;
  const bare = html.replace(/<style\b[^>]*>[\s\S]*?<\/style>/gi, '');
  return juice.inlineContent(bare, rules.join('\n'), { applyWidthAttributes: false, applyHeightAttributes: false });
}

/** What stands between the brace before `start` and its partner. */
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

function faintIn(element: Element, around: Paint, code: FindingCode): Finding[] {
  if (UNSEEN.has(element.name)) return [];
  const paint = paintOf(element, around);
  if (paint === undefined) return [];
  return element.children.flatMap((child) => {
    if (typeof child !== 'string') return faintIn(child, paint, code);
    return child.trim() === '' || isReadable(paint) ? [] : [finding(code, `${paint.ink} on ${paint.paper}: ${child}`)];
  });
}

function isReadable({ ink, paper, pixels, bold }: Paint): boolean {
  if (ink === undefined || paper === undefined) return true;
  const isLarge = pixels >= 24 || (bold && pixels >= 18.66);
  return contrast(ink, paper) >= (isLarge ? LARGE : READABLE);
}

/** Undefined: nobody sees it. */
function paintOf(element: Element, around: Paint): Paint | undefined {
  const style = declarationsOf(element);
  const size = style.get('font-size') ?? '';
  const pixels = /^[\d.]+px$/.test(size) ? Number.parseFloat(size) : around.pixels;
  if (style.get('display') === 'none' || style.get('visibility') === 'hidden') return undefined;
  const weight = style.get('font-weight') ?? (/^(?:h[1-6]|b|strong|th)$/.test(element.name) ? 'bold' : undefined);
  return {
    // Without a colour of its own a link has the client's.
    ink: inkOf(element, style, element.name === 'a' && element.attribs['href'] ? undefined : around.ink),
    paper: paperOf(element, style, around.paper),
    pixels: headingPixels(element, size) ?? pixels,
    bold: weight === undefined ? around.bold : weight === 'bold' || Number(weight) >= 700,
  };
}

function headingPixels({ name }: Element, size: string): number | undefined {
  const level = /^h([1-6])$/.exec(name)?.[1];
  return level === undefined || size !== '' ? undefined : [32, 24, 18.7, 16, 13, 11][Number(level) - 1];
}

function inkOf(
  { attribs }: Element,
  style: ReadonlyMap<string, string>,
  around: string | undefined,
): string | undefined {
  const said = style.get('color') ?? attribs['color'];
  return said === undefined || said === 'inherit' ? around : cssColour(said);
}

function paperOf({ attribs }: Element, style: ReadonlyMap<string, string>, around: string | undefined) {
  const shorthand = style.get('background');
  if (/url\(/i.test(`${shorthand} ${style.get('background-image')} ${attribs['background'] && 'url('}`))
    return undefined;
  const said = style.get('background-color') ?? shorthand ?? attribs['bgcolor'];
  if (said === undefined || /^(?:transparent|none|inherit|initial)?$/i.test(said)) return around;
  const colour = cssColour(said);
  return colour !== undefined && rgbOf(colour) !== undefined ? colour : undefined;
}
