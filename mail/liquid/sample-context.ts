import { Liquid, Parser, type Template, TokenKind } from 'liquidjs';
import { boundedTokens, complexityOf } from './complexity.js';
import { NO_FILES } from './engine.js';

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

type Segment = string | number | readonly Segment[];
type Sample = string | SampleContext | readonly Sample[];
export interface SampleContext {
  [name: string]: Sample;
}

const reader = new Liquid();
for (const tag of NO_FILES) delete reader.tags[tag];

/** `{% for item in order.items %}` */
const LOOP = /\{%-?\s*for\s+(\w+)\s+in\s+([\w.]+)/g;

/** Characters of all tags of a source. To find one variable, liquidjs reads the source up to it. */
const LONGEST_READ = 10_000;

/** An example of a context with a value for every variable of these pieces of Liquid. Very long pieces are skipped. */
export function sampleContext(sources: readonly string[]): SampleContext {
  const sample: SampleContext = {};
  for (const source of sources.map(tagsOf)) {
    for (const path of reader.globalVariableSegmentsSync(parsed(source)) as readonly (readonly Segment[])[]) {
      const names = path.filter((segment): segment is string => typeof segment === 'string');
      if (names[0] !== undefined && !BUILT_IN_VARIABLES.has(names[0])) putSample(sample, names, names.at(-1) ?? '');
    }
    const read = propertiesIn(source);
    for (const [, item = '', list = ''] of source.matchAll(LOOP)) {
      const names = list.split('.');
      if (!BUILT_IN_VARIABLES.has(names[0] ?? '')) putSample(sample, names, [itemOf(item, read.get(item))]);
    }
  }
  return sample;
}

/** The tags of a source without its texts; empty for a source that is too long or too complex to parse during a request. */
function tagsOf(source: string): string {
  try {
    const tags = boundedTokens(source, reader).flatMap((token) =>
      token.kind === TokenKind.HTML ? [] : token.getText(),
    );
    const joined = tags.join('');
    return joined.length > LONGEST_READ ? '' : joined;
  } catch (error) {
    if (complexityOf(error) === undefined) throw error;
    return '';
  }
}

function parsed(tags: string): Template[] {
  return new Parser(reader).parseTokens(boundedTokens(tags, reader));
}

/** The properties read from each name, as in `item.name`. */
function propertiesIn(source: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, name = '', property = ''] of source.matchAll(/\b(\w+)\.(?=(\w+))/g)) {
    found.set(name, (found.get(name) ?? new Set()).add(property));
  }
  return found;
}

/** A sample item with the properties that the loop reads. */
function itemOf(item: string, read: ReadonlySet<string> | undefined): Sample {
  return read === undefined ? item : Object.fromEntries([...read].map((name) => [name, name]));
}

function putSample(sample: SampleContext, [name = '', ...rest]: readonly string[], value: Sample): void {
  const existing = Object.hasOwn(sample, name) ? sample[name] : undefined;
  if (rest.length === 0) {
    // Keeps the more detailed sample.
    if (typeof existing !== 'object') set(sample, name, value);
    return;
  }
  const inner: SampleContext =
    typeof existing === 'object' && !Array.isArray(existing) ? (existing as SampleContext) : {};
  putSample(inner, rest, value);
  set(sample, name, inner);
}

/** Sets a field safely, also one called `__proto__`. */
function set(sample: SampleContext, name: string, value: Sample): void {
  Object.defineProperty(sample, name, { value, enumerable: true, writable: true, configurable: true });
}
