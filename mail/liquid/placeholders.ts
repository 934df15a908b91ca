import { LIQUID_TAG } from './engine.js';

/** Private-use characters: parsers of HTML, MJML and CSS treat them as letters. */
const PLACEHOLDER = /\uE000(\d+)\uE001/g;
const PLACEHOLDER_CHARACTERS = /[\uE000\uE001]/g;

export type Placeholders = ReturnType<typeof newPlaceholders>;

/**
 * Replaces Liquid by placeholders while HTML, MJML and CSS are parsed, because `<`, quotes and line breaks in it are not
 * markup.
 */
export function newPlaceholders() {
  const kept: string[] = [];
  const add = (source: string) => `\uE000${kept.push(source) - 1}\uE001`;
  return {
    mark: add,
    /** Replaces every tag by a placeholder. */
    hide: (source: string): string => source.replace(LIQUID_TAG, add),
    /** The source behind one placeholder. */
    sourceOf: (index: string | number): string => kept[Number(index)] ?? '',
    /** Restores nested placeholders too. */
    restore: (text: string): string => restored(text, kept),
  };
}

function restored(text: string, kept: readonly string[]): string {
  if (!text.includes('\uE000')) return text;
  return text.replace(PLACEHOLDER, (_, index) => restored(kept[Number(index)] ?? '', kept));
}

/** Removes placeholder characters from input. */
export function withoutPlaceholders(source: string): string {
  return source.replace(PLACEHOLDER_CHARACTERS, '');
}

export function hasPlaceholder(text: string): boolean {
  return text.includes('\uE000');
}

/** Replaces each placeholder by the result of `by`. */
export function replacePlaceholders(text: string, by: (index: string, placeholder: string) => string): string {
  return text.replace(PLACEHOLDER, (placeholder, index) => by(index, placeholder));
}
