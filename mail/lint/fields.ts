import { type Finding, finding } from '../../domain/mail/finding.js';
import { LIQUID_TAG } from '../liquid/engine.js';
import { pathsIn } from '../render/fixed-tags.js';

/** Fields of every recipient. */
const BUILT_IN_FIELDS = [
  'email',
  'first_name',
  'last_name',
  'tags',
  'attributes',
  'unsubscribe_url',
  'preferences_url',
  'view_url',
];
const NAMES_A_VARIABLE = /^\{%-?\s*(?:assign|capture|for|tablerow|increment|decrement)\s+(\w+)/;
const CONDITION = /^\{%-?\s*(?:if|unless|elsif|case|when)\b/;
const HAS_DEFAULT = /\|\s*default\b/;

/** Fields that no recipient has, printed without a default and without a condition. */
export function unknownFields(sources: readonly string[], fields: readonly string[]): readonly Finding[] {
  const tags = sources.flatMap((source) => source.match(LIQUID_TAG) ?? []);
  const known = new Set([...BUILT_IN_FIELDS, ...fields, 'forloop', 'tablerowloop']);
  for (const tag of tags) {
    const named = NAMES_A_VARIABLE.exec(tag)?.[1];
    if (named !== undefined) known.add(named);
    if (CONDITION.test(tag)) for (const path of pathsIn(tag)) known.add(fieldOf(path));
  }
  const printed = tags.filter((tag) => tag.startsWith('{{') && !HAS_DEFAULT.test(tag));
  return printed.flatMap((tag) =>
    pathsIn(tag)
      .filter((path) => !known.has(fieldOf(path)))
      .map((path) => finding('field_unknown', path.join(''))),
  );
}

/** `attributes.city` and `city` are the same field. */
function fieldOf([root, path]: readonly [string, string]): string {
  if (root !== 'attributes') return root;
  return path.split('.')[1] ?? root;
}
