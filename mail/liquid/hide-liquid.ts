/** Precedes the number of a hidden Liquid tag. It is a Unicode noncharacter, which text never uses. */
export const PLACEHOLDER_START = '\uFDD0';
const PLACEHOLDER_END = '\uFDD1';

/** The content of these blocks is not Liquid and must not be changed. */
const VERBATIM = /\{%-?\s{0,9}(raw|comment)\s{0,9}-?%\}/g;
const ENDS = {
  raw: /\{%-?\s{0,9}endraw\s{0,9}-?%\}/g,
  comment: /\{%-?\s{0,9}endcomment\s{0,9}-?%\}/g,
} as const;
/** No match goes beyond the next opening brace pair, so that matching takes linear time. */
const TAG = /\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}/gs;
const PLACEHOLDER = /\uFDD0(\d+)\uFDD1/g;

/** A source whose Liquid is replaced by placeholders, because `<`, quotes and line breaks in it are not markup. */
export interface HiddenLiquid {
  readonly marked: string;
  readonly tags: readonly string[];
}

export function hideLiquid(source: string): HiddenLiquid {
  const tags: string[] = [];
  const hide = (tag: string) => `${PLACEHOLDER_START}${tags.push(tag) - 1}${PLACEHOLDER_END}`;
  const clean = source.replace(/[\uFDD0\uFDD1]/g, '');
  return { marked: withoutVerbatim(clean, hide).replace(TAG, hide), tags };
}

/** Hides `raw` and `comment` blocks in one pass. A block without an end extends to the end of the source. */
function withoutVerbatim(source: string, hide: (block: string) => string): string {
  let done = '';
  let from = 0;
  for (;;) {
    VERBATIM.lastIndex = from;
    const opening = VERBATIM.exec(source);
    const ending = opening && ENDS[opening[1] as keyof typeof ENDS];
    if (opening === null || ending === null) return done + source.slice(from);
    ending.lastIndex = opening.index + opening[0].length;
    const end = ending.exec(source);
    if (end === null) return done + source.slice(from);
    const after = end.index + end[0].length;
    done += source.slice(from, opening.index) + hide(source.slice(opening.index, after));
    from = after;
  }
}

export function containsHiddenLiquid(text: string): boolean {
  return text.includes(PLACEHOLDER_START);
}

/** Restores the Liquid. */
export function restoreLiquid(marked: string, tags: readonly string[]): string {
  return marked.replace(PLACEHOLDER, (_, index) => tags[Number(index)] ?? '');
}
