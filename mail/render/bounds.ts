import { MOST_LINKS } from '../liquid/complexity.js';
import type { Unfilled } from '../liquid/fill-parts.js';

/** Elements of a document, and elements inside each other. Letters of the size that Gmail shows whole have a tenth. */
export const MOST_ELEMENTS = 10_000;
export const MOST_MJML_ELEMENTS = 5_000;
export const MOST_NESTED = 250;
/** Selectors of its sheets, multiplied by its elements: what inlining compares. */
export const MOST_MATCHES = 2_000_000;

/** Elements without an end tag. */
const VOID = new Set([
  'area',
  'base',
  'br',
  'col',
  'embed',
  'hr',
  'img',
  'input',
  'link',
  'meta',
  'source',
  'track',
  'wbr',
]);
/** Elements that end where the next of their kind begins. */
const SELF_ENDING = new Set(['p', 'li', 'dt', 'dd', 'option', 'tr', 'td', 'th', 'thead', 'tbody', 'tfoot', 'colgroup']);
const TAG = /<(\/?)([a-z][^\s/>]*)([^<>]*)>/gi;
const SHEET = /<style\b[^>]*>([\s\S]*?)(?:<\/style|$)/gi;
const SELECTOR = /[,{]/g;
const LINK = /\bhref\s{0,9}=/gi;

interface Excess {
  readonly code: Unfilled['code'];
  readonly reason: string;
}

/** The limit that a document exceeds before it is parsed: parsers and inliners take more than linear time, or recurse. */
export function excessOf(html: string, most = MOST_ELEMENTS): Excess | undefined {
  const { elements, depth } = shapeOf(html);
  if (elements > most) return tooMany(`${most} elements`);
  if ((html.match(LINK)?.length ?? 0) > MOST_LINKS) return tooMany(`${MOST_LINKS} links`);
  if (depth > MOST_NESTED) return tooMany(`${MOST_NESTED} elements inside each other`);
  let selectors = 0;
  for (const [, css = ''] of html.matchAll(SHEET)) selectors += css.match(SELECTOR)?.length ?? 0;
  if (selectors * elements > MOST_MATCHES)
    return tooMany(`${MOST_MATCHES} comparisons of its styles with its elements`);
  return undefined;
}

function tooMany(what: string): Excess {
  return { code: 'template_too_complex', reason: `The template is too complex: it has more than ${what}.` };
}

function shapeOf(html: string): { readonly elements: number; readonly depth: number } {
  let elements = 0;
  let open = 0;
  let depth = 0;
  for (const [, end, name = '', rest = ''] of html.matchAll(TAG)) {
    const tag = name.toLowerCase();
    if (end === '') elements += 1;
    if (VOID.has(tag) || SELF_ENDING.has(tag) || rest.endsWith('/')) continue;
    open = Math.max(0, open + (end === '' ? 1 : -1));
    depth = Math.max(depth, open);
  }
  return { elements, depth };
}
