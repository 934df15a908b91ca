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

export type BlockType = Block['type'];

const LONGEST_TEXT = 10_000;
/** A web, mail or phone address, or Liquid that becomes one. */
const ADDRESS = '^(?:https?://|mailto:|tel:|\\{\\{)[^\\s<>"]*(?:\\s[^<>"]*)?$';

const text = { type: 'string', minLength: 1, maxLength: LONGEST_TEXT };
const line = { type: 'string', minLength: 1, maxLength: 500 };
const address = { type: 'string', minLength: 1, maxLength: 2_000, pattern: ADDRESS };

function block(type: BlockType, required: Record<string, object>, optional: Record<string, object> = {}) {
  return {
    type: 'object',
    properties: { type: { type: 'string', const: type }, ...required, ...optional },
    required: ['type', ...Object.keys(required)],
    additionalProperties: false,
  };
}

/** JSON Schema of a body in blocks, for requests, model answers and editors. */
export const BLOCKS_SCHEMA = {
  type: 'array',
  minItems: 1,
  maxItems: 200,
  items: {
    anyOf: [
      block('heading', { text: line }, { level: { type: 'integer', minimum: 1, maximum: 3 } }),
      block('paragraph', { text }),
      block('button', { label: { ...line, maxLength: 120 }, url: address }),
      block(
        'list',
        { items: { type: 'array', minItems: 1, maxItems: 100, items: text } },
        { ordered: { type: 'boolean' } },
      ),
      block(
        'image',
        { url: address, alt: { type: 'string', maxLength: 500 } },
        { width: { type: 'integer', minimum: 16, maximum: 1_200 }, link: address },
      ),
      block('quote', { text }, { cite: line }),
      block('facts', {
        rows: {
          type: 'array',
          minItems: 1,
          maxItems: 100,
          items: {
            type: 'object',
            properties: { label: line, value: text },
            required: ['label', 'value'],
            additionalProperties: false,
          },
        },
      }),
      block('divider', {}),
    ],
  },
} as const;

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
