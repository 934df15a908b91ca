import { ATTRIBUTE_NAME, SUBSCRIBER_LIMITS } from '../subscriber/subscriber.js';

/** The target of a column: a field of the subscriber, `attributes.<name>`, or none. */
type ColumnField = 'email' | 'first_name' | 'last_name' | 'tags' | `attributes.${string}` | null;

export interface CsvColumn {
  /** As written in the file. */
  readonly header: string;
  readonly field: ColumnField;
}

/** Header → field as the caller requests; null skips the column. */
export type ColumnMapping = Readonly<Record<string, string | null>>;

/** The columns, or one sentence for each fault. */
export type Columns =
  | { readonly kind: 'columns'; readonly columns: readonly CsvColumn[] }
  | { readonly kind: 'faults'; readonly about: 'file' | 'mapping'; readonly sentences: readonly string[] };

export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** Common headers, without case, blanks and punctuation. */
const SYNONYMS: Readonly<Record<'email' | 'first_name' | 'last_name' | 'tags', readonly string[]>> = {
  email: ['email', 'emailaddress', 'mail', 'mailaddress', 'emailadresse', 'mailadresse', 'correo', 'courriel'],
  first_name: ['firstname', 'first', 'givenname', 'forename', 'vorname', 'prenom', 'nombre', 'nome'],
  last_name: ['lastname', 'last', 'surname', 'familyname', 'nachname', 'familienname', 'apellido', 'cognome'],
  tags: ['tags', 'tag', 'labels', 'schlagworte'],
};

const ATTRIBUTE = new RegExp(ATTRIBUTE_NAME, 'u');

/**
 * Assigns a field to each column of a file: from the caller's mapping first, then by known headers; the rest become
 * attributes.
 */
export function columnsOf(headers: readonly string[], mapping: ColumnMapping = {}): Columns {
  const mapped = new Map(Object.entries(mapping).map(([header, field]) => [folded(header), field]));
  const faults = mappingFaults(headers, mapping);
  if (faults.length > 0) return { kind: 'faults', about: 'mapping', sentences: faults };
  const taken = new Set<string>([...mapped.values()].filter((field) => field !== null));
  const columns = headers.map((header): CsvColumn => {
    const wanted = mapped.get(folded(header));
    if (wanted !== undefined) return { header, field: wanted as ColumnField };
    const field = fieldFor(header, taken);
    if (field !== null) taken.add(field);
    return { header, field };
  });
  const sentences = fileFaults(columns);
  return sentences.length > 0 ? { kind: 'faults', about: 'file', sentences } : { kind: 'columns', columns };
}

/** The delimiter that splits the first line into the most cells; a comma if none splits it. */
export function delimiterOf(text: string): Delimiter {
  const line = firstLine(text);
  const cuts = (delimiter: Delimiter) => line.split(delimiter).length;
  return DELIMITERS.reduce((best, delimiter) => (cuts(delimiter) > cuts(best) ? delimiter : best));
}

/** Excel's first line `sep=;` names the delimiter; `length` is that of the line with its line end. */
export function namedDelimiter(text: string): { readonly delimiter: Delimiter; readonly length: number } | undefined {
  const found = /^"?sep=([,;\t|])"?\r?\n/i.exec(text);
  const delimiter = DELIMITERS.find((one) => one === found?.[1]);
  return found === null || delimiter === undefined ? undefined : { delimiter, length: found[0].length };
}

function fieldFor(header: string, taken: ReadonlySet<string>): ColumnField {
  const word = folded(header).replace(/[\s._-]/g, '');
  const known = (['email', 'first_name', 'last_name', 'tags'] as const).find((field) => SYNONYMS[field].includes(word));
  if (known !== undefined) return taken.has(known) ? null : known;
  const name = attributeName(header);
  return name === '' || taken.has(`attributes.${name}`) ? null : `attributes.${name}`;
}

/** "Favourite Colour" → `favourite_colour`: a name that templates can use. */
function attributeName(header: string): string {
  const name = header
    .normalize('NFC')
    .replace(/^attributes\./i, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60);
  const safe = /^\p{N}/u.test(name) ? `_${name}` : name;
  return ATTRIBUTE.test(safe) ? safe : '';
}

function mappingFaults(headers: readonly string[], mapping: ColumnMapping): string[] {
  const known = new Set(headers.map(folded));
  const fields = Object.values(mapping).filter((field) => field !== null);
  return Object.entries(mapping).flatMap(([header, field]) => {
    if (!known.has(folded(header))) return [`The file has no column "${header}".`];
    if (field === null) return [];
    if (!isField(field)) {
      return [`"${field}" is not email, first_name, last_name, tags, attributes.<name> or null.`];
    }
    return fields.indexOf(field) === fields.lastIndexOf(field) ? [] : [`More than one column goes to "${field}".`];
  });
}

function fileFaults(columns: readonly CsvColumn[]): string[] {
  const attributes = columns.filter(({ field }) => field?.startsWith('attributes.')).length;
  return [
    ...(columns.some(({ field }) => field === 'email')
      ? []
      : ['No column of the file holds email addresses; name one in the mapping.']),
    ...(attributes > SUBSCRIBER_LIMITS.attributes
      ? [`The file has ${attributes} columns of attributes; ${SUBSCRIBER_LIMITS.attributes} are allowed.`]
      : []),
  ];
}

function isField(text: string): boolean {
  const known = ['email', 'first_name', 'last_name', 'tags'].includes(text);
  return known || (text.startsWith('attributes.') && ATTRIBUTE.test(text.slice('attributes.'.length)));
}

function folded(header: string): string {
  return header.normalize('NFKD').replace(/\p{M}/gu, '').trim().toLowerCase();
}

/** The first line outside of quotes, with quoted cells emptied. */
function firstLine(text: string): string {
  const unquoted = text.replace(/"(?:[^"]|"")*"/g, '');
  return /^[^\r\n]*/.exec(unquoted.replace(/^[\r\n]+/, ''))?.[0] ?? '';
}

/** The encoding of a stored file; UTF-16 is converted to UTF-8 when it is stored. */
export type CsvEncoding = 'utf-8' | 'windows-1252';

/** Options for parsing the header and the rows. Blank rows are skipped. */
export const CSV_PARSE_OPTIONS = {
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  skip_records_with_empty_values: true,
};

/** The parser's encoding: single bytes are read as Latin-1 and converted afterwards. */
export function parserEncoding(encoding: CsvEncoding): 'utf8' | 'latin1' {
  return encoding === 'utf-8' ? 'utf8' : 'latin1';
}

/** The characters of windows-1252 where Latin-1 has control characters (0x80 to 0x9F). */
const WINDOWS = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Converts text that was read as Latin-1 to the windows-1252 it is. */
export function fromWindows1252(latin1: string): string {
  return latin1.replace(/[\x80-\x9f]/g, (char) => WINDOWS.charAt(char.charCodeAt(0) - 0x80));
}

/** The UTF-16 that a file's byte order mark names. */
export function utf16Of(start: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

/** Inspects a file block by block; a file that is not valid UTF-8 to its end is windows-1252. */
export function encodingProbe() {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let valid = true;
  const check = (decode: () => void) => {
    try {
      if (valid) decode();
    } catch {
      valid = false;
    }
  };
  return {
    add: (block: Uint8Array): void => check(() => decoder.decode(block, { stream: true })),
    encoding: (): CsvEncoding => {
      check(() => decoder.decode());
      return valid ? 'utf-8' : 'windows-1252';
    },
  };
}
