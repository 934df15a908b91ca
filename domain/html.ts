/** Markup that is safe to insert into a page. */
export interface Html {
  readonly markup: string;
}

/** A whole document, not a fragment. */
export const WHOLE_DOCUMENT = /<html[\s>]|<!doctype/i;

export type HtmlPiece = string | number | Html | readonly Html[] | undefined;

/** Builds markup; escapes every inserted value that is not markup itself. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlPiece[]): Html {
  return { markup: strings.reduce((done, part, index) => done + markupOf(values[index - 1]) + part) };
}

function markupOf(piece: HtmlPiece): string {
  if (piece === undefined) return '';
  if (typeof piece === 'string') return escaped(piece);
  if (typeof piece === 'number') return String(piece);
  return 'markup' in piece ? piece.markup : piece.map(({ markup }) => markup).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
