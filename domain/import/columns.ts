import { ATTRIBUTE_NAME, SUBSCRIBER_LIMITS } from '../subscriber/subscriber.js';
import { COLUMN_FIELDS, type ColumnField, type CsvColumn, STATUS_FIELDS } from './column-fields.js';
import { formatOf } from './formats.js';
import { foldedWord, type GivenStatuses, isStatusField, statusIn } from './statuses.js';

/** Header → field as the caller requests; null skips the column. */
export type ColumnMapping = Readonly<Record<string, string | null>>;

/** The columns, or one sentence for each fault. */
export type Columns =
  | { readonly kind: 'columns'; readonly columns: readonly CsvColumn[]; readonly format: string | null }
  | { readonly kind: 'faults'; readonly about: 'file' | 'mapping'; readonly sentences: readonly string[] };

/** Common headers in the form of `foldedWord`. */
const SYNONYMS: Readonly<Record<string, string>> = {
  email: `email emailaddress mail mailaddress emailadresse mailadresse emailid emailaddress1 email1 primaryemail
    contactemail subscriberemail useremail epost eposta courriel adresseemail adressemail adresseelectronique correo
    correoelectronico direcciondecorreo indirizzoemail почта электроннаяпочта メールアドレス 邮箱 电子邮件 이메일`,
  first_name: `firstname first fname givenname forename vorname prenom nombre nome voornaam jmeno imie fornavn fornamn etunimi
    keresztnev primeironome имя 名`,
  last_name:
    'lastname last lname surname familyname nachname familienname nom apellido apellidos cognome achternaam prijmeni nazwisko etternavn efternamn efternavn sukunimi vezeteknev sobrenome apelido фамилия 姓',
  tags: 'tags tag labels schlagworte etiquettes etiquetas etichette',
  status: `subscriptionstatus emailstatus emailsubscriptionstatus marketingstatus emailmarketingstatus emailmarketing
    subscriberstatus optinstatus emailoptinstatus emailmarketingconsent emailconsent consentstatus emailpermissionstatus
    emailcampaigns mailingstatus`,
  subscribed: `subscribed issubscribed subscribedtoemails emailsubscribed optin optedin emailoptin marketingoptin
    acceptsmarketing acceptsemailmarketing emailmarketingoptin`,
  blocked: `unsubscribed isunsubscribed optout optedout emailoptout hasoptedoutofemail unsubscribedfromallemail blacklisted
    blocklisted isblacklisted isblocklisted emailblacklisted emailblocklisted donotemail donotmail donotcontact emailbounced
    emailsuppressed emailsuppressions emailsuppressed isbounced unsubscribedfromemails unsubscribedfromemail markedemailasspam
    hashardbounced hardbounced isexcluded abgemeldet desinscrit`,
  unsubscribed_at: `unsubscribedat unsubtime unsubscribetime unsubscribedate unsubscribeddate unsubscribedon dateunsubscribed
    optouttime optoutdate optedoutat abgemeldetam deaktiviert deaktiviertam abmeldedatum`,
  bounced_at: 'cleantime bouncedat bouncetime bouncedate hardbouncedat',
  complained_at: 'complainedat complaintdate complainttime spamreportedat',
  subscribed_at: `subscribedat optintime optindate subscribedate subscribeddate datesubscribed subscribedon signupdate
    optedinat angemeldetam registriert registriertam anmeldedatum`,
};
/** Headers that mean a status only if the cells below are known: other files use them for something else. */
const WEAK: Readonly<Record<string, string>> = {
  status:
    'status state statut estado stato zustand contactstatus memberstatus consent globalstatus liststatus mailstatus newsletterstatus',
  subscribed: 'active isactive enabled newsletter consented hasconsent confirmed',
  blocked: 'suppressed blocked bounced complained deleted isdeleted inactive disabled cleaned',
};
/** The whole name, unless another column has the first names: then German files mean the family name. */
const WHOLE_NAME = /^(?:name|fullname|displayname|contactname|subscribername|nomcomplet|nombrecompleto)$/;
const NUMBERED = /^column\d+$/;
const byHeader = (words: Readonly<Record<string, string>>) =>
  new Map(
    Object.entries(words).flatMap(([field, list]) =>
      list.split(/\s+/).map((word) => [foldedWord(word), field as NonNullable<ColumnField>] as const),
    ),
  );
const FIELD_OF = byHeader(SYNONYMS);
const WEAK_FIELD_OF = byHeader(WEAK);
const ATTRIBUTE = new RegExp(ATTRIBUTE_NAME, 'u');

/** Of a file: each column is compared with the known names, and its cells with the known statuses. */
export const MOST_COLUMNS = 1_000;

/** The first rows of a file. */
export interface FileHead {
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly statuses?: GivenStatuses;
  readonly isAddress: (cell: string) => boolean;
}

/**
 * Assigns a field to each column of a file: from the caller's mapping first, then by the known export, then by known headers and
 * the cells below them; the rest become attributes.
 */
export function columnsOf({ headers, rows, statuses, isAddress }: FileHead, mapping: ColumnMapping = {}): Columns {
  if (headers.length > MOST_COLUMNS) {
    return { kind: 'faults', about: 'file', sentences: [`The file has more than ${MOST_COLUMNS} columns.`] };
  }
  const mapped = new Map(Object.entries(mapping).map(([header, field]) => [folded(header), field]));
  const faults = mappingFaults(headers, mapping);
  if (faults.length > 0) return { kind: 'faults', about: 'mapping', sentences: faults };
  const format = formatOf(headers.map(foldedWord));
  const taken = new Set<string>([...mapped.values()].filter((field) => field !== null));
  const columns = headers.map((header, at): CsvColumn => {
    const wanted = mapped.get(folded(header));
    if (wanted !== undefined) return { header, field: wanted as ColumnField };
    const known = Object.hasOwn(format?.fields ?? {}, foldedWord(header));
    const guess = () => nameColumn(header, headers) ?? fieldFor(header, cellsAt(rows, at), statuses);
    const field = known ? format?.fields[foldedWord(header)] : guess();
    return { header, field: takeField(field ?? null, taken) };
  });
  const complete = withAddresses(columns, rows, isAddress);
  const sentences = fileFaults(complete);
  if (sentences.length > 0) return { kind: 'faults', about: 'file', sentences };
  return { kind: 'columns', columns: complete, format: format?.name ?? null };
}

function cellsAt(rows: FileHead['rows'], at: number): string[] {
  return rows.map((row) => (row[at] ?? '').trim()).filter((cell) => cell !== '');
}

/** The first of two columns wins; every column that speaks of the status counts. */
function takeField(field: ColumnField, taken: Set<string>): ColumnField {
  if (field === null || taken.has(field)) return isRepeatable(field) ? field : null;
  taken.add(field);
  return field;
}

function isRepeatable(field: string | null): boolean {
  return (STATUS_FIELDS as readonly (string | null)[]).includes(field);
}

function nameColumn(header: string, headers: readonly string[]): ColumnField | undefined {
  return WHOLE_NAME.test(foldedWord(header)) ? nameField(headers) : undefined;
}

function fieldFor(header: string, cells: readonly string[], statuses?: GivenStatuses): ColumnField {
  const word = foldedWord(header);
  const known = FIELD_OF.get(word) ?? weakField(word, cells, statuses);
  if (known !== undefined) return known;
  if (NUMBERED.test(word) && isStatusColumn(cells)) return 'status';
  if (/^attrib(?:ute)?s$/.test(word) && cells.length > 0 && cells.every((cell) => cell.startsWith('{')))
    return 'attributes';
  const name = attributeName(header);
  return name === '' ? null : `attributes.${name}`;
}

function weakField(word: string, cells: readonly string[], statuses?: GivenStatuses): ColumnField | undefined {
  const field = WEAK_FIELD_OF.get(word);
  if (field === undefined || !isStatusField(field)) return undefined;
  const said = cells.map((cell) => statusIn(field, cell, statuses)).filter((status) => status !== undefined);
  const known = said.filter((status) => status !== 'unknown');
  return known.length > 0 && known.length >= said.length / 2 ? field : undefined;
}

/** In a file without a header: a column in which most cells are status words, and not only yes or no. */
function isStatusColumn(cells: readonly string[]): boolean {
  const words = cells.filter((cell) => /\p{L}{4}/u.test(cell) && statusIn('status', cell) !== 'unknown');
  return words.length > 0 && words.length >= cells.length / 2;
}

/** What a column called `Name` holds, beside the other columns of names. */
function nameField(headers: readonly string[]): ColumnField | undefined {
  const has = (field: string) => headers.some((header) => FIELD_OF.get(foldedWord(header)) === field);
  if (!has('first_name')) return 'name';
  return has('last_name') ? undefined : 'last_name';
}

/** Without a column of a known name, the first column most of whose cells are addresses. */
function withAddresses(
  columns: readonly CsvColumn[],
  rows: FileHead['rows'],
  isAddress: FileHead['isAddress'],
): readonly CsvColumn[] {
  if (columns.some(({ field }) => field === 'email')) return columns;
  const at = columns.findIndex(({ field }, index) => {
    const cells = cellsAt(rows, index);
    return field?.startsWith('attributes.') && cells.filter(isAddress).length > cells.length / 2;
  });
  return columns.map((column, index) => (index === at ? { ...column, field: 'email' } : column));
}

/** "Favourite Colour" → `favourite_colour`: a name that templates can use. */
export function attributeName(header: string): string {
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
    if (!isField(field)) return [`"${field}" is not ${COLUMN_FIELDS.join(', ')}, attributes.<name> or null.`];
    const isOnce = isRepeatable(field) || fields.indexOf(field) === fields.lastIndexOf(field);
    return isOnce ? [] : [`More than one column goes to "${field}".`];
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
  const known = (COLUMN_FIELDS as readonly string[]).includes(text);
  return known || (text.startsWith('attributes.') && ATTRIBUTE.test(text.slice('attributes.'.length)));
}

/** Whether a header is a usual one of a column of addresses. */
export function isEmailHeader(header: string): boolean {
  return FIELD_OF.get(foldedWord(header)) === 'email';
}

/** Headers are compared without case, accents and blanks around them. */
export function sameHeader(one: string, other: string): boolean {
  return folded(one) === folded(other);
}

function folded(header: string): string {
  return header.normalize('NFKD').replace(/\p{M}/gu, '').trim().toLowerCase();
}
