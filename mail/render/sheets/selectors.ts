import { selectOne } from 'css-select';
import type { parseDocument } from 'htmlparser2';

type Document = ReturnType<typeof parseDocument>;

/** Whether a selector matches an element of a document; undefined if that cannot be told. */
export type Matches = (selector: string) => boolean | undefined;

/** Pseudo-classes that depend on the tree alone. */
const STRUCTURAL =
  /^(?:first-child|last-child|only-child|nth-child|nth-last-child|first-of-type|last-of-type|only-of-type|nth-of-type|nth-last-of-type|not|empty)$/i;
const STRINGS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\./g;
/** More of them take a time that grows with each. */
const MOST_DESCENDANTS = 5;

/** Whether the rules of a selector can stand in the style attributes of elements. */
export function canInline(selector: string): boolean {
  const bare = selector.replace(STRINGS, '');
  if (
    Array.from(
      bare.matchAll(/:{1,2}([\w-]*)/g),
      ([all, name = '']) => all.startsWith('::') || !STRUCTURAL.test(name),
    ).includes(true)
  )
    return false;
  const siblings = bare.match(/~(?!=)/g)?.length ?? 0;
  const parts = bare
    .replace(/\[[^\]]*\]|\([^)]*\)/g, '')
    .trim()
    .split(/\s*[>+~]\s*|\s+/).length;
  return siblings <= 1 && parts <= MOST_DESCENDANTS + 1;
}

export function matcherOf(document: Document): Matches {
  const known = new Map<string, boolean | undefined>();
  return (selector) => {
    if (!canInline(selector)) return undefined;
    if (!known.has(selector)) known.set(selector, found(selector, document));
    return known.get(selector);
  };
}

function found(selector: string, document: Document): boolean | undefined {
  try {
    return selectOne(selector, document) !== null;
  } catch {
    return undefined;
  }
}
