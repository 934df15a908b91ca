import type { SourceLimits } from './complexity.js';
import { liquidFault, parseLiquid } from './engine.js';
import { type Path, variablesIn } from './variables.js';

/** Variables that the account or Everpost fills in; the caller sends the others. */
const BUILT_IN_VARIABLES: ReadonlySet<string> = new Set([
  'brand',
  'mail',
  'content',
  'email',
  'name',
  'unsubscribe_url',
  'view_url',
  'preferences_url',
]);

type Sample = string | SampleContext | readonly Sample[];
export interface SampleContext {
  [name: string]: Sample;
}

/** What a template reads of a value: its fields, or its items. */
interface Shape {
  readonly fields: Map<string, Shape>;
  item?: { readonly name: string; readonly shape: Shape };
}

/** An example of a context with a value for every variable of these pieces of Liquid. A faulty piece has none. */
export function sampleContext(sources: readonly string[], limits?: SourceLimits): SampleContext {
  const root = newShape();
  for (const path of sources.flatMap((source) => pathsIn(source, limits)))
    if (!BUILT_IN_VARIABLES.has(path[0])) addPath(root, path);
  return fieldsOf(root);
}

function pathsIn(source: string, limits: SourceLimits | undefined): Path[] {
  try {
    return variablesIn(parseLiquid(source, 'html', limits));
  } catch (error) {
    if (liquidFault(error) === undefined) throw error;
    return [];
  }
}

function newShape(): Shape {
  return { fields: new Map() };
}

function addPath(root: Shape, path: Path): void {
  let at = root;
  for (const step of path) {
    if (typeof step === 'object') {
      at.item ??= { name: step.item, shape: newShape() };
      at = at.item.shape;
      continue;
    }
    const next = at.fields.get(step) ?? newShape();
    at.fields.set(step, next);
    at = next;
  }
}

function sampleOf({ fields, item }: Shape, name: string): Sample {
  if (item !== undefined) return [sampleOf(item.shape, item.name)];
  return fields.size === 0 ? name : fieldsOf({ fields });
}

/** `Object.fromEntries` defines a field safely, also one called `__proto__`. */
function fieldsOf({ fields }: Shape): SampleContext {
  return Object.fromEntries([...fields].map(([name, shape]) => [name, sampleOf(shape, name)]));
}
