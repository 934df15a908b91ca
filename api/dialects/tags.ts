import type { DialectName } from '../../config.js';

/** The tag of a dialect in the OpenAPI document. */
export function tagOf(name: DialectName): string {
  return `Dialect: ${name}`;
}

const header = (name: string) => ({ type: 'apiKey', in: 'header', name }) as const;

/** The header in which each dialect expects its key. */
export const DIALECT_KEYS = {
  'public-key': header('public-key'),
  'private-key': header('private-key'),
  'x-api-token': header('X-Api-Token'),
  'x-api-key': header('X-Api-Key'),
};
