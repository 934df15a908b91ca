import type { components } from 'mjml-core';

/** The types and defaults of the attributes of each MJML element. */
export type AttributeTypes = typeof components;

interface Kind {
  /** `content`: text or an address, which HTML escapes. `fixed`: MJML decides something by it. Else a kind of CSS value. */
  readonly kind: string;
  readonly fallback: string;
}

/** Strings that stand in styles. */
const IN_STYLES =
  /^(?:(?:inner-|tb-)?border|font-|line-height|letter-spacing|text-|background-(?:size|position|repeat)|direction|vertical-align)/;
/** MJML only compares these. */
const DECIDING = /^(?:full-width|mode|fluid-on-mobile|thumbnails|hamburger|table-layout|icon-position|mj-class)$/;

/** How the value of an attribute is checked, and what stands for a value that is not of its kind. */
export function kindOf({ tag, name }: { readonly tag: string; readonly name: string }, types: AttributeTypes): Kind {
  if (DECIDING.test(name)) return { kind: 'fixed', fallback: '' };
  const own = types[tag];
  const owner = own?.allowedAttributes?.[name] === undefined ? ownerOf(name, types) : own;
  const fallback = (own?.defaultAttributes?.[name] ?? '').replace(/["\\]/g, '');
  const type = owner?.allowedAttributes?.[name] ?? 'string';
  const [, values = ''] = /\(([^)]*)\)/.exec(type) ?? [];
  if (type.startsWith('color')) return { kind: 'color', fallback };
  if (type.startsWith('unit')) return { kind: `length ${/\{1,(\d)\}/.exec(type)?.[1] ?? 1}`, fallback };
  if (type.startsWith('enum')) return { kind: `one-of ${values.replace(/,/g, ' ').trim()}`, fallback };
  if (type.startsWith('integer')) return { kind: 'integer', fallback };
  return { kind: type === 'string' && IN_STYLES.test(name) ? 'token' : 'content', fallback };
}

/** `mj-all` and `mj-class` have the attributes of any element. */
function ownerOf(name: string, types: AttributeTypes) {
  return Object.values(types).find((type) => type?.allowedAttributes?.[name] !== undefined);
}
