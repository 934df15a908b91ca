import { randomInt } from 'node:crypto';
import { TRACKED_LIMITS } from './complexity.js';
import { GUARDED_BRACE, guarded, HTML_BRACE, withoutGuards } from './guard.js';
import { piecesOf } from './pieces.js';

/** Private-use characters: parsers of HTML, MJML and CSS treat them as letters. */
const PLACEHOLDER = /\uE000(\d+)\uE001/g;
const PLACEHOLDER_CHARACTERS = /[\uE000\uE001]/g;

export type Placeholders = ReturnType<typeof newPlaceholders>;

/** What a placeholder stands for: a tag as written, or markup that may contain placeholders. */
interface Kept {
  readonly source: string;
  readonly isTag: boolean;
}

/**
 * Replaces Liquid by placeholders while HTML, MJML and CSS are parsed, because `<`, quotes and line breaks in it are not
 * markup.
 */
export function newPlaceholders() {
  const kept: Kept[] = [];
  // Text that is decoded later may contain the characters of a placeholder, but not its number.
  const first = randomInt(10 ** 13, 10 ** 14);
  const keep = (source: string, isTag: boolean) => `\uE000${first + kept.push({ source, isTag }) - 1}\uE001`;
  const mark = (tag: string) => keep(tag, true);
  const keptAt = (index: string | number) => kept[Number(index) - first];
  return {
    /** Sets a tag aside. */
    mark,
    /** Sets markup aside that no parser may change. */
    shield: (markup: string): string => keep(markup, false),
    /** Replaces every tag by a placeholder. What is left is text. Throws a LiquidError for a tag without an end. */
    hide: (source: string): string =>
      piecesOf(source, TRACKED_LIMITS)
        .map(({ kind, source: piece }) => (kind === 'tag' ? mark(piece) : withoutPlaceholders(piece)))
        .join(''),
    /** The source behind one placeholder. */
    sourceOf: (index: string | number): string => keptAt(index)?.source ?? '',
    /** Puts the tags back. Nothing else in the result can be read as a tag: a brace of the text is written as `brace`. */
    restore: (text: string, brace: string = GUARDED_BRACE): string => restored(text, keptAt, brace),
    /** The same for a document: a reference is a brace wherever HTML decodes one. */
    restoreHtml: (html: string): string =>
      html
        .split(VERBATIM)
        .map((part, i) => restored(part, keptAt, i % 2 === 1 ? GUARDED_BRACE : HTML_BRACE))
        .join(''),
    /** The text as its author wrote it, for a message to the author. */
    shown: (text: string): string => withoutGuards(restored(text, keptAt, GUARDED_BRACE)),
    /** The tags that were set aside, as they are put back. */
    tags: (): readonly string[] => kept.flatMap(({ source, isTag }) => (isTag ? restored(source, keptAt, null) : [])),
  };
}

/** Parts of a document whose references are not decoded. */
const VERBATIM = /(<!--[\s\S]*?(?:-->|$)|<style\b[\s\S]*?(?:<\/style|$))/gi;

type KeptAt = (index: string) => Kept | undefined;

/** A placeholder that was not made here is removed. */
function restored(text: string, keptAt: KeptAt, brace: string | null): string {
  return (brace === null ? text : guarded(text, brace)).replace(PLACEHOLDER, (_, index) => {
    const { source, isTag } = keptAt(index) ?? { source: '', isTag: true };
    return restored(source, keptAt, isTag ? null : brace);
  });
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
