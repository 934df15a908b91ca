import { type Declaration, declarationsOf, statementsOf } from '../../css/reader.js';

/** What a sheet says about the visibility of elements that match a simple selector. */
export interface HidingRule {
  readonly tag: string;
  readonly id: string;
  readonly classes: readonly string[];
  readonly declarations: readonly Declaration[];
}

/** The values that apply, by property. */
export type Style = ReadonlyMap<string, string>;

const HIDES = /display|visibility|opacity|font|overflow/i;
/** `p`, `.a`, `td.a.b`, `#c`: others depend on the tree or the client. */
const SIMPLE = /^([a-z][a-z0-9]*)?(?:#([\w-]+))?((?:\.[\w-]+)*)$/i;

/** The rules of a sheet that may hide text in every client. */
export function hidingRules(css: string): readonly HidingRule[] {
  if (!HIDES.test(css)) return [];
  return statementsOf(css).flatMap((statement) => {
    if (statement.kind !== 'rule' || !HIDES.test(statement.block)) return [];
    const declarations = declarationsOf(statement.block).filter(
      ({ name }) => HIDES.test(name) || /height|width/.test(name),
    );
    return statement.selectors.flatMap((selector) => hidingRule(selector, declarations));
  });
}

function hidingRule(selector: string, declarations: readonly Declaration[]): HidingRule[] {
  const [, tag = '', id = '', classes = ''] = SIMPLE.exec(selector) ?? [];
  if (tag + id + classes === '') return [];
  return [{ tag: tag.toLowerCase(), id, classes: classes.split('.').filter((name) => name !== ''), declarations }];
}

/** The declarations that apply to an element, of rules first, then of its own; important ones win. */
export function styleOf(name: string, attribs: Readonly<Record<string, string>>, rules: readonly HidingRule[]): Style {
  const own = attribs['style'];
  const found = new Map<string, string>();
  const important = new Set<string>();
  const matching = rules.filter((rule) => matches(rule, name, attribs)).flatMap(({ declarations }) => declarations);
  for (const { name: property, value } of [...matching, ...(own === undefined ? [] : declarationsOf(own))]) {
    const isImportant = /!\s*important$/i.test(value);
    if (important.has(property) && !isImportant) continue;
    if (isImportant) important.add(property);
    // A later shorthand replaces the size.
    if (property === 'font') found.delete('font-size');
    found.set(property, value.replace(/\s*!\s*important$/i, ''));
  }
  return found;
}

function matches({ tag, id, classes }: HidingRule, name: string, attribs: Readonly<Record<string, string>>): boolean {
  if (tag !== '' && tag !== name) return false;
  if (id !== '' && attribs['id'] !== id) return false;
  if (classes.length === 0) return true;
  const own = new Set((attribs['class'] ?? '').split(/\s+/));
  return classes.every((one) => own.has(one));
}
