/** Stands before the number of a Liquid tag that was put aside: Unicode promises that no text uses it. */
export const PLACEHOLDER_START = '\uFDD0';
const PLACEHOLDER_END = '\uFDD1';

/** Between these and their ends nothing is Liquid, so nothing may be put there. */
const VERBATIM = /\{%-?\s{0,9}(raw|comment)\s{0,9}-?%\}/g;
const ENDS = {
  raw: /\{%-?\s{0,9}endraw\s{0,9}-?%\}/g,
  comment: /\{%-?\s{0,9}endcomment\s{0,9}-?%\}/g,
} as const;
/** Each looks no further than the next opening brace pair, so that a text full of them is read once. */
const TAG = /\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}/gs;
const PLACEHOLDER = /\uFDD0(\d+)\uFDD1/g;

/** A source whose Liquid stands aside: `<`, quotes and line breaks in it are not markup. */
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

/** Reads the source once: a block without an end is what the rest of the letter is anyway. */
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

/** Brings the Liquid back. */
export function restoreLiquid(marked: string, tags: readonly string[]): string {
  return marked.replace(PLACEHOLDER, (_, index) => tags[Number(index)] ?? '');
}
