import { parseDocument } from 'htmlparser2';

/** The part of the HTML tree that the checks need. */
export interface Element {
  readonly name: string;
  readonly attribs: Readonly<Record<string, string>>;
  readonly children: readonly Node[];
}
type Node = Element | string;

interface Parsed {
  readonly type: string;
  readonly data?: string;
  readonly name?: string;
  readonly attribs?: Readonly<Record<string, string>>;
  readonly children?: readonly Parsed[];
}

/** The document as elements and texts, without comments and therefore without the markup for Outlook alone. */
export function treeOf(html: string): Element {
  return { name: '', attribs: {}, children: nodesOf((parseDocument(html) as unknown as Parsed).children ?? []) };
}

function nodesOf(parsed: readonly Parsed[]): Node[] {
  return parsed.flatMap(({ type, data, name, attribs, children }): Node[] => {
    if (type === 'text') return [data ?? ''];
    return name === undefined ? [] : [{ name, attribs: attribs ?? {}, children: nodesOf(children ?? []) }];
  });
}

/** Every element in document order. */
export function* elementsIn(root: Element): Generator<Element> {
  for (const child of root.children) {
    if (typeof child === 'string') continue;
    yield child;
    yield* elementsIn(child);
  }
}

/** The text that is read or spoken: texts, and the alternative texts of images. */
export function wordsOf(element: Element): string {
  if (element.name === 'img') return element.attribs['alt'] ?? '';
  const words = element.children.map((child) => (typeof child === 'string' ? child : wordsOf(child))).join('');
  return words.trim() === '' ? (element.attribs['aria-label'] ?? words) : words;
}

/** The declarations of a style attribute; the last of a name wins, except over an important one. */
export function declarationsOf({ attribs }: Element): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const important = new Set<string>();
  for (const declaration of (attribs['style'] ?? '').split(';')) {
    const [, name = '', value = ''] = /^\s*([\w-]+)\s*:([\s\S]*)$/.exec(declaration) ?? [];
    const isImportant = /!\s*important\s*$/i.test(value);
    const property = name.toLowerCase();
    if (property === '' || (important.has(property) && !isImportant)) continue;
    if (isImportant) important.add(property);
    found.set(property, value.replace(/!\s*important\s*$/i, '').trim());
  }
  return found;
}
