import { isTooDeep } from '../json.js';
import { ATTRIBUTE_NAME, type Scalar } from '../subscriber/subscriber.js';
import { attributeName } from './columns.js';

const ATTRIBUTE = new RegExp(ATTRIBUTE_NAME, 'u');

/** The attributes in a cell of JSON, with their types; nested values are their JSON. Undefined if it is no object. */
export function attributesIn(cell: string): readonly (readonly [name: string, value: Scalar])[] | undefined {
  const given = objectIn(cell);
  if (given === undefined) return undefined;
  return Object.entries(given).flatMap(([key, value]) => {
    const name = ATTRIBUTE.test(key) ? key : attributeName(key);
    if (name === '' || value === null) return [];
    const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return [[name, isScalar ? value : JSON.stringify(value)] as const];
  });
}

function objectIn(cell: string): object | undefined {
  if (isTooDeep(cell)) return undefined;
  try {
    const value: unknown = JSON.parse(cell);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
