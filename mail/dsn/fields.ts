/** Field names in lower case; of several fields with one name the first is kept. */
export type Fields = ReadonlyMap<string, string>;

const MAX_GROUPS = 50;
const MAX_FIELDS = 100;
const LONGEST_VALUE = 2_000;
const LONGEST_TEXT = 256 * 1024;

/** Groups of header-like fields with empty lines between them (RFC 3464 §2.1, RFC 5965 §3), unfolded. */
export function fieldGroups(text: string): Fields[] {
  return text
    .slice(0, LONGEST_TEXT)
    .replace(/\r\n?/g, '\n')
    .split(/\n(?:[ \t]*\n)+/, MAX_GROUPS)
    .map(fieldsOf)
    .filter((fields) => fields.size > 0);
}

function fieldsOf(block: string): Fields {
  const fields = new Map<string, string>();
  for (const line of block.replace(/\n[ \t]+/g, ' ').split('\n', MAX_FIELDS)) {
    const [, name, value = ''] = /^([!-9;-~]{1,80})[ \t]*:(.*)$/.exec(line) ?? [];
    if (name === undefined || fields.has(name.toLowerCase())) continue;
    fields.set(name.toLowerCase(), value.trim().slice(0, LONGEST_VALUE));
  }
  return fields;
}
