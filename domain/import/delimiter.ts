export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** The names of delimiters that a parameter may have instead of the character. */
const NAMES: Readonly<Record<string, Delimiter>> = { comma: ',', semicolon: ';', tab: '\t', '\\t': '\t', pipe: '|' };

export function delimiterNamed(text: string): Delimiter | undefined {
  const name = text.toLowerCase();
  return DELIMITERS.find((one) => one === text) ?? (Object.hasOwn(NAMES, name) ? NAMES[name] : undefined);
}

const LINES = 20;

/** The delimiter that splits most of the first lines into the same number of cells; a comma if none splits them. */
export function delimiterOf(text: string): Delimiter {
  const lines = firstLines(text);
  const score = (delimiter: Delimiter): number => {
    const sizes = lines.map((line) => line.split(delimiter).length);
    const scores = sizes.map((cells) => (cells === 1 ? 0 : cells + (1_000 * countOf(sizes, cells)) / lines.length));
    return Math.max(0, ...scores);
  };
  return DELIMITERS.reduce((best, delimiter) => (score(delimiter) > score(best) ? delimiter : best));
}

function countOf(sizes: readonly number[], size: number): number {
  return sizes.filter((one) => one === size).length;
}

/** Excel's first line `sep=;` names the delimiter; `length` is that of the line with its line end. */
export function namedDelimiter(text: string): { readonly delimiter: Delimiter; readonly length: number } | undefined {
  const found = /^"?sep=([,;\t|])"?\r?\n/i.exec(text);
  const delimiter = DELIMITERS.find((one) => one === found?.[1]);
  return found === null || delimiter === undefined ? undefined : { delimiter, length: found[0].length };
}

/** The first lines outside of quotes, with one word in each quoted cell. The last one may be cut off. */
function firstLines(text: string): string[] {
  const lines = text
    .replace(/"(?:[^"]|"")*"/g, 'quoted')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '');
  return lines.slice(0, Math.max(1, Math.min(LINES, lines.length - 1)));
}
