import { LIQUID_TAG } from './engine.js';

/** Private-use characters: no parser of HTML, MJML or CSS sees anything but letters in them. */
const PLACEHOLDER = /\uE000(\d+)\uE001/g;
const PLACEHOLDER_CHARACTERS = /[\uE000\uE001]/g;

export type Placeholders = ReturnType<typeof newPlaceholders>;

/** Liquid stands aside behind marks while HTML, MJML and CSS are read: `<`, quotes and line breaks in it are not markup. */
export function newPlaceholders() {
  const kept: string[] = [];
  const add = (source: string) => `\uE000${kept.push(source) - 1}\uE001`;
  return {
    mark: add,
    /** Sets every tag aside. */
    hide: (source: string): string => source.replace(LIQUID_TAG, add),
    /** What one mark stands for. */
    sourceOf: (index: string | number): string => kept[Number(index)] ?? '',
    /** Marks may stand behind marks. */
    restore: (text: string): string => restored(text, kept),
  };
}

function restored(text: string, kept: readonly string[]): string {
  if (!text.includes('\uE000')) return text;
  return text.replace(PLACEHOLDER, (_, index) => restored(kept[Number(index)] ?? '', kept));
}

/** Text from outside cannot bring marks along. */
export function withoutPlaceholders(source: string): string {
  return source.replace(PLACEHOLDER_CHARACTERS, '');
}

export function hasPlaceholder(text: string): boolean {
  return text.includes('\uE000');
}

/** Replaces each mark by what `by` makes of its number. */
export function replacePlaceholders(text: string, by: (index: string, placeholder: string) => string): string {
  return text.replace(PLACEHOLDER, (placeholder, index) => by(index, placeholder));
}
