import { declarationsOf, type Element, treeOf, wordsOf } from '../lint/tree.js';
import { newPlaceholders, replacePlaceholders } from '../liquid/placeholders.js';

const NAME = 'unsubscribe_url';
const ASSIGN = /^\{%-?\s*assign\s+([\w-]+)\s*=\s*([^|%]*?)\s*(?:\|[\s\S]*)?-?%\}$/;
const CAPTURE = /^\{%-?\s*(?:capture|increment|decrement)\s+["']?([\w-]+)/;
/** A name without filters that could change the address. */
const PRINTED = /^(?:\{\{-?|\{%-?\s*echo)\s*([\w-]+)\s*(?:\|\s*(?:escape|strip|raw)\s*)*-?[%}]\}$/;
const TAG_NAME = /^\{%-?\s*(\w+)/;
/** Holds for every recipient. */
const ALWAYS = new RegExp(`^\\{%-?\\s*if\\s+${NAME}\\s*(?:(?:!=|<>)\\s*(?:nil|null|blank|empty|""|'')\\s*)?-?%\\}$`);
const BRANCHING = new Set(['if', 'unless', 'case']);
const BLOCKS = new Set([...BRANCHING, 'for', 'tablerow', 'capture']);

/** A step through a letter: a tag, or a link to unsubscribe that a reader sees. */
type Event = { readonly kind: 'tag'; readonly source: string } | { readonly kind: 'link'; readonly source: string };

/**
 * Whether every recipient sees a link to unsubscribe: it stands outside of every block, or in each branch of one. In
 * HTML it is the address of a visible link, in a text part it is printed.
 */
export function offersUnsubscribe(source: string, part: 'html' | 'text'): boolean {
  if (!source.includes(NAME)) return false;
  const placeholders = newPlaceholders();
  const marked = placeholders.hide(source);
  const sources = (text: string) => {
    const found: string[] = [];
    replacePlaceholders(text, (index, mark) => {
      found.push(placeholders.sourceOf(index));
      return mark;
    });
    return found;
  };
  if (part === 'html') return reachesAll(eventsIn(treeOf(marked), sources));
  return reachesAll(sources(marked).map((tag): Event => ({ kind: PRINTED.test(tag) ? 'link' : 'tag', source: tag })));
}

type Sources = (text: string) => readonly string[];

/** The Liquid in the address of a link with something to click on. */
function* linksOf({ name, attribs, ...rest }: Element, sources: Sources): Generator<Event> {
  const href = name === 'a' || name === 'area' ? attribs['href'] : undefined;
  if (href === undefined || (name === 'a' && wordsOf({ name, attribs, ...rest }).trim() === '')) return;
  for (const source of sources(href)) yield { kind: 'link', source };
}

/** Columns are often held together by an element without a font size, in which others have one. */
function* eventsIn(element: Element, sources: Sources, isSizeless = false): Generator<Event> {
  const style = declarationsOf(element);
  if (isHidden(element, style)) return;
  const hasNoSize = isWithoutSize(style, isSizeless);
  if (!hasNoSize || element.name === 'area') yield* linksOf(element, sources);
  for (const child of element.children) {
    if (typeof child !== 'string') yield* eventsIn(child, sources, hasNoSize);
    else for (const source of sources(child)) yield { kind: 'tag', source };
  }
}

const NOTHING = /^0(?:px|em|rem|pt|%)?$/;

/** A relative size of nothing is nothing. */
function isWithoutSize(style: ReadonlyMap<string, string>, inherited: boolean): boolean {
  const size = style.get('font-size');
  if (size === undefined) return inherited && !style.has('font');
  return NOTHING.test(size) || (inherited && /(?<!r)em$|%$/.test(size));
}

function isHidden(element: Element, style: ReadonlyMap<string, string>): boolean {
  const isNothing = (property: string) => NOTHING.test(style.get(property) ?? '');
  return (
    element.name === 'head' ||
    element.attribs['hidden'] !== undefined ||
    style.get('display') === 'none' ||
    style.get('visibility') === 'hidden' ||
    ['max-height', 'opacity'].some(isNothing)
  );
}

/** A block that is open: whether its current branch, and all branches before, have the link. */
interface Open {
  readonly name: string;
  here: boolean;
  all: boolean;
  hasElse: boolean;
}

function reachesAll(events: Iterable<Event>): boolean {
  const names = new Set([NAME]);
  const letter: Open = { name: '', here: false, all: true, hasElse: true };
  const open: Open[] = [letter];
  for (const { kind, source } of events) {
    rename(names, source, open.length === 1);
    const at = open.at(-1) ?? letter;
    if (kind === 'link') at.here ||= names.has(PRINTED.exec(source)?.[1] ?? '');
    else step(open, at, source);
  }
  return letter.here;
}

/** A name that is assigned has the address only if it is given it outside of every block, and as it is. */
function rename(names: Set<string>, source: string, isOutside: boolean): void {
  const captured = CAPTURE.exec(source)?.[1];
  if (captured !== undefined) names.delete(captured);
  const [, name, value = ''] = ASSIGN.exec(source) ?? [];
  if (name === undefined) return;
  if (isOutside && names.has(value) && !source.includes('|')) names.add(name);
  else names.delete(name);
}

function step(open: Open[], at: Open, source: string): void {
  const name = TAG_NAME.exec(source)?.[1] ?? '';
  if (BLOCKS.has(name)) {
    // What stands before the first `when` is not shown.
    open.push({ name, here: name === 'case', all: true, hasElse: ALWAYS.test(source) });
  } else if (name === 'else' || name === 'elsif' || name === 'when') {
    // An `else` after a condition that always holds is never shown.
    at.all &&= at.here;
    at.hasElse ||= name === 'else';
    at.here = false;
  } else if (name === `end${at.name}` && open.length > 1) {
    open.pop();
    const around = open.at(-1);
    const isCovered = BRANCHING.has(at.name) && at.hasElse && at.all && at.here;
    if (around !== undefined) around.here ||= isCovered;
  }
}
