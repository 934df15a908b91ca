import { LIQUID_TAG } from '../liquid.js';

/** Private-use characters: no parser of HTML, MJML or CSS sees anything but letters in them. */
const MARK = /\uE000(\d+)\uE001/g;
const OUR_CHARACTERS = /[\uE000\uE001]/g;

export type Marks = ReturnType<typeof marks>;

/** Liquid stands aside behind marks while HTML, MJML and CSS are read: `<`, quotes and line breaks in it are not markup. */
export function marks() {
  const kept: string[] = [];
  const mark = (source: string) => `\uE000${kept.push(source) - 1}\uE001`;
  return {
    mark,
    /** Sets every tag aside. */
    hide: (source: string): string => source.replace(LIQUID_TAG, mark),
    /** What one mark stands for. */
    sourceOf: (index: string | number): string => kept[Number(index)] ?? '',
    /** Marks may stand behind marks. */
    restore: (marked: string): string => restored(marked, kept),
  };
}

function restored(marked: string, kept: readonly string[]): string {
  if (!marked.includes('\uE000')) return marked;
  return marked.replace(MARK, (_, index) => restored(kept[Number(index)] ?? '', kept));
}

/** Text from outside cannot bring marks along. */
export function unmarked(source: string): string {
  return source.replace(OUR_CHARACTERS, '');
}

export function hasMark(text: string): boolean {
  return text.includes('\uE000');
}

/** Replaces each mark by what `by` makes of its number. */
export function eachMark(text: string, by: (index: string, mark: string) => string): string {
  return text.replace(MARK, (mark, index) => by(index, mark));
}
