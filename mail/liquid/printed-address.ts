/** Noncharacters around the address of a link while a text is made. */
export const LINK_START = '\uFDD4';
export const LINK_END = '\uFDD5';
export const LINK_MARKS = /[\uFDD4\uFDD5]/g;

/** Where a text part prints the address of a link: behind its label, before it, or without one. */
const PLACES = ['after', 'before', 'alone'] as const;
export type AddressPlace = (typeof PLACES)[number];

const END_TAG = '{% endlink_address %}';
const openTag = (place: AddressPlace) => `{% link_address ${place} %}`;

/** The tags that print an address with personal values, and with it the delimiters around it. */
export const ADDRESS_TAGS: readonly string[] = [...PLACES.map(openTag), END_TAG];

export function addressTags(place: AddressPlace): readonly [open: string, end: string] {
  return [openTag(place), END_TAG];
}

export function isAddressPlace(word: string): word is AddressPlace {
  return PLACES.some((place) => place === word);
}

/**
 * An address, which may have marks, in delimiters that cannot be taken for a part of it (RFC 3986, appendix C). An empty one has
 * none.
 */
export function printedAddress(shown: string, place: AddressPlace): string {
  const address = shown.replace(LINK_MARKS, '');
  if (address === '' || place === 'alone') return shown;
  const isPlain = parenthesesBalance(address) && !/[.,;:!?]$/.test(address);
  const delimited = isPlain ? `(${shown})` : `<${shown}>`;
  return place === 'after' ? ` ${delimited}` : `${delimited} `;
}

function parenthesesBalance(address: string): boolean {
  let depth = 0;
  for (const char of address) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}
