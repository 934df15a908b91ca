/** A node of a parsed document, as far as it is needed to find what follows it. */
interface Node {
  readonly type: string;
  readonly data?: string | undefined;
  readonly name?: string | undefined;
  readonly attribs?: Readonly<Record<string, string>> | undefined;
  readonly next?: Node | null | undefined;
  readonly parent?: Node | null | undefined;
  readonly children?: readonly Node[] | undefined;
}

/** Elements that begin and end a line, or print a separator of their own. */
const BREAKS = new Set(
  'address article aside blockquote body br caption center dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody td tfoot th thead tr ul'.split(
    ' ',
  ),
);
const MOST_STEPS = 100;
const STARTS_APART = /^[\s.,;:!?…)\]}>»”’]/;

/** Whether what follows an element on its line begins with a blank or with punctuation. */
export function isSeparated(element: Node): boolean {
  let node: Node | undefined = element;
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    node = nextOf(node);
    while (
      node !== undefined &&
      node.type === 'tag' &&
      node.children?.[0] !== undefined &&
      !BREAKS.has(node.name ?? '')
    )
      node = node.children[0];
    if (node === undefined || BREAKS.has(node.name ?? '')) return true;
    if (node.type === 'text' && node.data !== undefined && node.data !== '') return STARTS_APART.test(node.data);
    if (node.name === 'img' || node.name === 'area') return false;
  }
  return false;
}

/** The next node on the same line that is not inside this one. */
function nextOf(element: Node): Node | undefined {
  let node: Node | null | undefined = element;
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    if (node?.next) return node.next;
    node = node?.parent;
    if (!node || node.name === undefined || BREAKS.has(node.name)) return undefined;
  }
  return undefined;
}

/** The words of a link: its texts and the alternative texts of its pictures. */
export function labelOf(element: Node): string {
  const waiting: Node[] = [...(element.children ?? [])].reverse();
  let label = '';
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.type === 'text') label += node.data ?? '';
    if (node.name === 'img') label += ` ${node.attribs?.['alt'] ?? ''}`;
    for (const child of (node.children ?? []).toReversed()) waiting.push(child);
  }
  return label;
}

/** Whether the content begins with Liquid that ends or changes a branch, so that the element itself is in another branch than its label. */
export function beginsWithBranch(element: Node, sourceOf: (index: string) => string): boolean {
  const text = element.children?.find(({ type, data }) => type !== 'text' || (data ?? '').trim() !== '')?.data;
  const index = /^\s*\uE000(\d+)\uE001/.exec(text ?? '')?.[1];
  return index !== undefined && /^\{%-?\s*(?:else|elsif|when|end)/.test(sourceOf(index));
}
