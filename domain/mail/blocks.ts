/**
 * A body as data, which an editor composes or a model drafts. Text is plain except for **bold**, *italic*,
 * [links](https://…) and Liquid.
 */
export type Block =
  | { readonly type: 'heading'; readonly text: string; readonly level?: 1 | 2 | 3 }
  | { readonly type: 'paragraph'; readonly text: string }
  | { readonly type: 'button'; readonly label: string; readonly url: string }
  | { readonly type: 'list'; readonly items: readonly string[]; readonly ordered?: boolean }
  | ImageBlock
  | { readonly type: 'quote'; readonly text: string; readonly cite?: string }
  | { readonly type: 'facts'; readonly rows: readonly { readonly label: string; readonly value: string }[] }
  | { readonly type: 'divider' };

export interface ImageBlock {
  readonly type: 'image';
  readonly url: string;
  /** Empty for a decorative image. */
  readonly alt: string;
  /** In CSS pixels; the width of the letter if absent. */
  readonly width?: number;
  /** The destination of a click. */
  readonly link?: string;
}

/** `[label](address)` in a text. */
export const INLINE_LINK = /\[([^[\]]+)\]\(((?:https?:\/\/|mailto:|tel:)[^\s()<>"]+)\)/g;

/** All texts of a block that may contain Liquid and inline marks. */
export function textsOf(given: Block): readonly string[] {
  switch (given.type) {
    case 'heading':
    case 'paragraph':
      return [given.text];
    case 'button':
      return [given.label];
    case 'list':
      return given.items;
    case 'image':
      return [given.alt];
    case 'quote':
      return given.cite === undefined ? [given.text] : [given.text, given.cite];
    case 'facts':
      return given.rows.flatMap(({ label, value }) => [label, value]);
    case 'divider':
      return [];
  }
}

/** Every address that a body links to or loads, in order. */
export function addressesIn(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((given) => {
    const inText = textsOf(given).flatMap((piece) => Array.from(piece.matchAll(INLINE_LINK), ([, , url = '']) => url));
    if (given.type === 'button') return [given.url, ...inText];
    if (given.type === 'image') return [given.url, ...(given.link === undefined ? [] : [given.link]), ...inText];
    return inText;
  });
}
