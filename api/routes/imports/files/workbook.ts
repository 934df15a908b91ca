import { refused } from '../../../uploads.js';
import { sheetLines, type Workbook } from './sheet.js';
import { type Attributes, type XmlHandlers, xmlReader } from './xml.js';

/** Reads a part of an archive, block by block; undefined where there is no such part. */
export type ReadPart = (name: string) => Promise<AsyncIterable<Buffer> | undefined>;

/** Characters of all shared strings, which are held in memory. */
const MOST_CHARACTERS = 64 * 1_048_576;
const MOST_STRINGS = 4_000_000;

/** The first visible sheet of a workbook as CSV in UTF-8, block by block. */
export async function* sheetRows(read: ReadPart, limit: number): AsyncGenerator<Buffer> {
  const targets = await relations(read);
  const { sheet, from1904 } = await firstSheet(read);
  const target = sheet === undefined ? undefined : targets.get(sheet);
  const blocks = target === undefined ? undefined : await read(target);
  if (blocks === undefined) throw refused('file', 'The workbook has no sheet with rows.');
  const strings = await sharedStrings(read, partNamed(targets, /\/sharedStrings\.xml$/i));
  const isDate = await dateStyles(read, partNamed(targets, /\/styles\.xml$/i));
  yield* sheetLines(blocks, { strings, isDate, from1904 }, limit);
}

function partNamed(targets: ReadonlyMap<string, string>, pattern: RegExp): string | undefined {
  return [...targets.values()].find((target) => pattern.test(target));
}

async function eachTag(read: ReadPart, name: string | undefined, handlers: Partial<XmlHandlers>): Promise<void> {
  const blocks = name === undefined ? undefined : await read(name);
  if (blocks === undefined) return;
  const ignore = () => undefined;
  const reader = xmlReader({ open: ignore, text: ignore, close: ignore, ...handlers });
  for await (const block of blocks) reader.write(block);
  reader.end();
}

/** The parts of the workbook by the id of their relation. */
async function relations(read: ReadPart): Promise<ReadonlyMap<string, string>> {
  const targets = new Map<string, string>();
  const open = (name: string, { Id = '', Target = '' }: Attributes) => {
    if (name !== 'Relationship') return;
    targets.set(Id, Target.startsWith('/') ? Target.slice(1) : new URL(Target, 'file:///xl/').pathname.slice(1));
  };
  await eachTag(read, 'xl/_rels/workbook.xml.rels', { open });
  return targets;
}

async function firstSheet(read: ReadPart) {
  let sheet: string | undefined;
  let from1904 = false;
  const open = (name: string, attributes: Attributes) => {
    if (name === 'workbookPr') from1904 = /^(?:1|true)$/.test(attributes['date1904'] ?? '');
    if (name === 'sheet' && (attributes['state'] ?? 'visible') === 'visible')
      sheet ??= attributes['r:id'] ?? relationOf(attributes);
  };
  await eachTag(read, 'xl/workbook.xml', { open });
  return { sheet, from1904 };
}

/** The prefix of the relation's attribute may be any. */
function relationOf(attributes: Attributes): string | undefined {
  return Object.entries(attributes).find(([name]) => /:id$/.test(name))?.[1];
}

async function sharedStrings(read: ReadPart, name: string | undefined): Promise<readonly string[]> {
  const strings: string[] = [];
  let [characters, text, isText, phonetic] = [0, '', false, 0];
  const count = (more: number) => {
    characters += more;
    if (characters > MOST_CHARACTERS || strings.length > MOST_STRINGS)
      throw refused('file', 'The workbook has too much text.');
  };
  await eachTag(read, name, {
    open: (tag) => {
      if (tag === 'si') text = '';
      if (tag === 'rPh') phonetic += 1;
      isText = tag === 't' && phonetic === 0;
    },
    text: (part) => {
      if (!isText) return;
      count(part.length);
      text += part;
    },
    close: (tag) => {
      if (tag === 'si') strings.push(text);
      if (tag === 'rPh') phonetic -= 1;
      if (tag === 't') isText = false;
      count(0);
    },
  });
  return strings;
}

/** Built-in number formats that show a date or a time (ECMA-376, part 1, 18.8.30, and those of East Asian versions). */
const DATE_FORMATS = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
] as const;
const MOST_STYLES = 100_000;

async function dateStyles(read: ReadPart, name: string | undefined): Promise<Workbook['isDate']> {
  const custom = new Map<number, boolean>();
  const styles: number[] = [];
  let inCells = false;
  await eachTag(read, name, {
    open: (tag, attributes) => {
      if (tag === 'cellXfs') inCells = true;
      if (tag === 'numFmt') custom.set(Number(attributes['numFmtId']), showsDate(attributes['formatCode'] ?? ''));
      if (tag === 'xf' && inCells && styles.length < MOST_STYLES) styles.push(Number(attributes['numFmtId'] ?? 0));
    },
    close: (tag) => {
      if (tag === 'cellXfs') inCells = false;
    },
  });
  return (style) => {
    const format = styles[style] ?? 0;
    return custom.get(format) ?? DATE_FORMATS.some(([from, to]) => format >= from && format <= to);
  };
}

/** `dd.mm.yyyy` does, `0.00 "days"` and `[Red]0` do not. */
function showsDate(code: string): boolean {
  return /[ymdhs]/i.test(code.slice(0, 255).replace(/"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.|General/gi, ''));
}
