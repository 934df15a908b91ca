import { isSafeCss } from '../liquid/safe-values.js';

const COLOR =
  /^(?:#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|(?:rgb|hsl)a?\([\d.,%\s/+-]+(?:deg)?[\d.,%\s/+-]*\)|[a-z]{3,25})$/i;
const LENGTH = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:px|%|em|rem|pt|vw)|[+-]?0|auto)$/i;
const LONGEST = 200;

/**
 * Whether a value is of a kind: `color`, `length 4` (up to four), `integer`, `one-of left center`, or `token`, which is anything that
 * stays within its declaration.
 */
export function isCssValue(kind: string, value: string): boolean {
  if (value === '' || value.length > LONGEST) return false;
  const [name, ...rest] = kind.split(' ');
  switch (name) {
    case 'color':
      return COLOR.test(value);
    case 'length': {
      const parts = value.split(/\s+/);
      return parts.length <= Number(rest[0] ?? 1) && parts.every((part) => LENGTH.test(part));
    }
    case 'integer':
      return /^\d{1,6}$/.test(value);
    case 'one-of':
      return rest.includes(value);
    default:
      return isSafeCss(value) && !/[!@"'\p{Cc}]/u.test(value);
  }
}
