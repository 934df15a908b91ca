import { type Template, TypeGuards, toValueSync, Value } from 'liquidjs';

/** One step of a path: a name, or an item of a list with the name that the template gives it. */
type Step = string | { readonly item: string };
/** A variable that a template reads from outside, as `order.lines` or `lines[0].price`. Never empty. */
export type Path = readonly [root: string, ...steps: Step[]];

/** For each name that the template defines itself: the list it is an item of, or null. The innermost is last. */
type Scope = Map<string, (Path | null)[]>;

/** The variables that templates read from outside, each as often as it is read. Visits every node once. */
export function variablesIn(templates: readonly Template[]): Path[] {
  const walk: Walk = { found: [], scope: new Map() };
  for (const template of templates) visit(template, walk);
  return walk.found;
}

interface Walk {
  readonly found: Path[];
  readonly scope: Scope;
}

function visit(template: Template, walk: Walk): void {
  const { found, scope } = walk;
  for (const argument of template.arguments?.() ?? []) found.push(...pathsOf(argument, scope));
  // A name that is assigned stays defined until the end.
  for (const token of template.localScope?.() ?? []) scope.set(token.content, [null]);
  const names = [...(template.blockScope?.() ?? [])];
  define(names, names.length === 0 ? undefined : listOf(template, scope), scope);
  for (const child of childrenOf(template)) visit(child, walk);
  for (const name of names) scope.get(name)?.pop();
}

/** The first name of a loop is an item of its list. */
function define(names: readonly string[], list: Path | undefined, scope: Scope): void {
  for (const name of names) {
    const item = name === names[0] ? itemOf(list, name) : null;
    scope.set(name, [...(scope.get(name) ?? []), item]);
  }
}

function childrenOf(template: Template): readonly Template[] {
  return template.children === undefined ? [] : (toValueSync(template.children(false, true)) as Template[]);
}

/** The list that a loop goes through. */
function listOf(template: Template, scope: Scope): Path | undefined {
  const { collection } = template as { readonly collection?: unknown };
  return pathsOf(collection, scope)[0];
}

function itemOf(list: Path | undefined, name: string): Path | null {
  return list === undefined ? null : [...list, { item: name }];
}

function pathsOf(given: unknown, scope: Scope): Path[] {
  if (given instanceof Value) return pathsOfValue(given, scope);
  if (TypeGuards.isRangeToken(given)) return [...pathsOf(given.lhs, scope), ...pathsOf(given.rhs, scope)];
  // A range is parsed as a filtered value; see metered.ts.
  if (TypeGuards.isFilteredValueToken(given)) return pathsOfValue(given, scope);
  return TypeGuards.isPropertyAccessToken(given) ? pathsOfAccess(given, scope) : [];
}

interface Filtered {
  readonly initial: Value['initial'];
  readonly filters: readonly { readonly args: readonly unknown[] }[];
}

function pathsOfValue({ initial, filters }: Filtered, scope: Scope): Path[] {
  const operands = initial.postfix.flatMap((token) => pathsOf(token, scope));
  const given = filters.flatMap(({ args }) => args.flatMap((one) => pathsOf(Array.isArray(one) ? one[1] : one, scope)));
  return [...operands, ...given];
}

interface Access {
  readonly props: readonly unknown[];
}

/** A path with the paths in its brackets, as in `prices[plan.name]`. */
function pathsOfAccess({ props }: Access, scope: Scope): Path[] {
  const [root, ...rest] = props;
  const inner = rest.filter((prop) => TypeGuards.isPropertyAccessToken(prop)).flatMap((prop) => pathsOf(prop, scope));
  const base = TypeGuards.isPropertyAccessToken(root) ? pathsOf(root, scope)[0] : rootOf(nameOf(root), scope);
  if (base === undefined) return inner;
  const steps = rest.flatMap((prop): Step[] => {
    const name = nameOf(prop);
    return name === undefined ? [] : [typeof name === 'number' ? { item: String(base.at(-1)) } : name];
  });
  return [[...base, ...steps], ...inner];
}

function rootOf(name: string | number | undefined, scope: Scope): Path | undefined {
  if (name === undefined) return undefined;
  const defined = scope.get(String(name));
  const innermost = defined?.at(-1);
  if (innermost === undefined) return [String(name)];
  return innermost ?? undefined;
}

function nameOf(prop: unknown): string | number | undefined {
  const isName = TypeGuards.isQuotedToken(prop) || TypeGuards.isNumberToken(prop) || TypeGuards.isWordToken(prop);
  return isName ? (prop as { readonly content: string | number }).content : undefined;
}
