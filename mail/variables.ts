import { Liquid } from 'liquidjs';
import { NO_FILES } from './liquid.js';

/** What the account or Everpost fills in; the rest comes from whoever sends. */
const FILLED: ReadonlySet<string> = new Set([
  'brand',
  'mail',
  'content',
  'email',
  'name',
  'unsubscribe_url',
  'view_url',
  'preferences_url',
]);

type Segment = string | number | readonly Segment[];
type Sample = string | SampleContext | readonly Sample[];
export interface SampleContext {
  [name: string]: Sample;
}

const reader = new Liquid();
for (const tag of NO_FILES) delete reader.tags[tag];

/** `{% for item in order.items %}` */
const LOOP = /\{%-?\s*for\s+(\w+)\s+in\s+([\w.]+)/g;

/** An example of a context in which every variable of these pieces of Liquid has a value. */
export function sampleContext(sources: readonly string[]): SampleContext {
  const sample: SampleContext = {};
  for (const source of sources) {
    for (const path of reader.globalVariableSegmentsSync(reader.parse(source)) as readonly (readonly Segment[])[]) {
      const names = path.filter((segment): segment is string => typeof segment === 'string');
      if (names[0] !== undefined && !FILLED.has(names[0])) place(sample, names, names.at(-1) ?? '');
    }
    for (const [, item = '', list = ''] of source.matchAll(LOOP)) {
      const names = list.split('.');
      if (!FILLED.has(names[0] ?? '')) place(sample, names, [itemOf(source, item)]);
    }
  }
  return sample;
}

/** What the body of a loop reads of each item. */
function itemOf(source: string, item: string): Sample {
  const read = Array.from(source.matchAll(new RegExp(`\\b${item}\\.(\\w+)`, 'g')), ([, name = '']) => name);
  return read.length === 0 ? item : Object.fromEntries(read.map((name) => [name, name]));
}

function place(sample: SampleContext, [name = '', ...rest]: readonly string[], value: Sample): void {
  const there = Object.hasOwn(sample, name) ? sample[name] : undefined;
  if (rest.length === 0) {
    // Whatever says more about the variable stands.
    if (typeof there !== 'object') set(sample, name, value);
    return;
  }
  const inner: SampleContext = typeof there === 'object' && !Array.isArray(there) ? (there as SampleContext) : {};
  place(inner, rest, value);
  set(sample, name, inner);
}

/** A variable may be called `__proto__`: it is a field like any other. */
function set(sample: SampleContext, name: string, value: Sample): void {
  Object.defineProperty(sample, name, { value, enumerable: true, writable: true, configurable: true });
}
