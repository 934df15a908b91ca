const QUOTED = /[,;|"[\]\r\n]|^\s|\s$/;

/** Tags in one cell: separated by commas, quoted like cells of a CSV file where they contain a separator. */
export function tagsCell(tags: readonly string[]): string {
  return tags.map((tag) => (QUOTED.test(tag) ? `"${tag.replaceAll('"', '""')}"` : tag)).join(', ');
}

/** `news, berlin; vip` is three tags, and so are `"news","berlin",vip` and `["news","berlin","vip"]`. */
export function tagsIn(cell: string): string[] {
  const list = /^\s*\[.*\]\s*$/s.test(cell) ? tagsOfList(cell) : undefined;
  return (list ?? splitTags(cell)).filter((tag) => tag !== '');
}

function tagsOfList(cell: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(cell);
    return Array.isArray(list) && list.every((tag) => typeof tag === 'string')
      ? list.map((tag) => tag.trim())
      : undefined;
  } catch {
    return undefined;
  }
}

const TAG = /\s*(?:"((?:[^"]|"")*)"\s*(?=[,;|]|$)|([^,;|]*))(?:[,;|]|$)/gy;

function splitTags(cell: string): string[] {
  const tags: string[] = [];
  const text = cell.replace(/[\r\n]+/g, ',');
  TAG.lastIndex = 0;
  while (TAG.lastIndex < text.length) {
    const [, quoted, plain = ''] = TAG.exec(text) ?? [];
    tags.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
  }
  return tags;
}
