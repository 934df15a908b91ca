import { type Finding, finding } from '../../domain/mail/finding.js';
import { TRACKED_LIMITS } from '../liquid/complexity.js';
import { liquidFault, type Mode, parseLiquid } from '../liquid/engine.js';
import { type Path, variablesIn } from '../liquid/variables.js';

/** What every recipient has, and what Liquid and Everpost define. */
const BUILT_IN = [
  'email',
  'first_name',
  'last_name',
  'tags',
  'attributes',
  'unsubscribe_url',
  'preferences_url',
  'view_url',
  'forloop',
  'tablerowloop',
];

/** Fields that no recipient has, wherever the letter reads them: a default or a condition only hides that. */
export function unknownFields(
  { html, ...plain }: { readonly subject: string; readonly html: string; readonly text: string },
  fields: readonly string[],
): readonly Finding[] {
  const known = new Set([...BUILT_IN, ...fields]);
  const paths = [...pathsIn(html, 'html'), ...pathsIn(plain.subject, 'plain'), ...pathsIn(plain.text, 'plain')];
  const unknown = paths.filter((path) => !known.has(fieldOf(path))).map(shown);
  return [...new Set(unknown)].map((path) => finding('field_unknown', path));
}

function pathsIn(source: string, mode: Mode): readonly Path[] {
  try {
    return variablesIn(parseLiquid(source, mode, TRACKED_LIMITS));
  } catch (error) {
    if (liquidFault(error) === undefined) throw error;
    return [];
  }
}

/** `attributes.city` and `city` are the same field. */
function fieldOf([root, first]: Path): string {
  return root === 'attributes' && typeof first === 'string' ? first : root;
}

/** A path as its author wrote it, up to the items of a list. */
function shown([root, ...steps]: Path): string {
  const end = steps.findIndex((step) => typeof step === 'object');
  const names = (end === -1 ? steps : steps.slice(0, end)) as readonly string[];
  return names.reduce(
    (path, name) => (/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name) ? `${path}.${name}` : `${path}["${name}"]`),
    root,
  );
}
