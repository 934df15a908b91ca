/** Follows a brace that is text. A Unicode noncharacter: text never uses it, and no letter contains it once it is parsed. */
const GUARD = '\uFDD2';
/** A brace that a tag could begin with: before another brace, a percent sign, a placeholder or the end of the text. */
const BRACE = /\{(?=[{%\uE000]|$)/g;

/** How a brace that is text is written: in rendered letters, in the source of an HTML body, and in the source of a plain text. */
export const GUARDED_BRACE = `{${GUARD}`;
export const HTML_BRACE = '&#123;';
export const LIQUID_BRACE = '{{ "{" }}';

/** Marks each brace of a text, so that the text can stand beside Liquid and is never read as Liquid. */
export function guarded(text: string, brace: string = GUARDED_BRACE): string {
  return text.replace(BRACE, () => brace);
}

export function withoutGuards(text: string): string {
  return text.includes(GUARD) ? text.replaceAll(GUARD, '') : text;
}
