import type { SubscriberStatus } from '../subscriber/subscriber.js';

/** What files call the statuses, without case, accents, blanks and punctuation. */
const WORDS: Readonly<Record<SubscriberStatus, string>> = {
  active: `active subscribed subscribe subscriber confirmed enabled optin optedin verified valid ok implied explicit express
    aktiv angemeldet abonniert bestatigt actif abonne inscrit activo suscrito attivo iscritto actief ativo inscrito`,
  pending: `pending unconfirmed notconfirmed unverified notverified waiting awaitingconfirmation unactivated validating needsattention invited
    ausstehend unbestatigt enattente pendiente inattesa`,
  unsubscribed: `unsubscribed unsubscribe optout optedout inactive disabled removed deleted blocklisted blacklisted blocked
    suppressed usersuppressed neversubscribed nonsubscribed notsubscribed noconsent notoptedin transactional archived left
    cancelled canceled declined revoked rejected stopped temporaryhold excluded donotemail donotmail donotcontact
    abgemeldet inaktiv ausgetragen gesperrt desabonne desinscrit inactif dadodebaja inactivo disiscritto uitgeschreven
    inativo descadastrado geloscht supprime eliminado eliminato verwijderd`,
  bounced: `bounced bounce hardbounced hardbounce cleaned invalid invalidemail undeliverable undelivered dropped
    unzustellbar`,
  complained: `complained complaint spam spamcomplaint spamreport spamreported reportedspam markedasspam junk abuse`,
};

const STATUS_OF: ReadonlyMap<string, SubscriberStatus> = new Map(
  Object.entries(WORDS).flatMap(([status, words]) =>
    words.split(/\s+/).map((word) => [word, status as SubscriberStatus] as const),
  ),
);

const YES = new Set('true yes y 1 on ja j oui o si s wahr vrai verdadero vero x sim'.split(' '));
const NO = new Set('false no n 0 off nein non falsch faux falso nao'.split(' '));
const NOTHING = new Set(['', 'null', 'none', 'na', 'never', 'undefined', 'nil', 'nan']);

/** What a cell says of one of these kinds of column; `unknown`: it says something that is not known. */
export type StatusField = 'status' | 'subscribed' | 'blocked';
export type GivenStatuses = ReadonlyMap<string, SubscriberStatus>;

export function isStatusField(field: string | null): field is StatusField {
  return field === 'status' || field === 'subscribed' || field === 'blocked';
}

/** Status words are compared in this form. */
export function foldedWord(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
}

/** The status that a cell means; undefined: the cell is empty. A cell may hold several words, of which the strictest counts. */
export function statusIn(
  field: StatusField,
  cell: string,
  given: GivenStatuses = new Map(),
): SubscriberStatus | 'unknown' | undefined {
  const whole = foldedWord(cell);
  const own = given.get(whole);
  if (own !== undefined) return own;
  if (NOTHING.has(whole)) return undefined;
  const found = wordStatus(field, whole, given);
  if (found !== 'unknown') return found;
  const words = cell
    .split(/[,;|/]/)
    .map(foldedWord)
    .filter((word) => !NOTHING.has(word));
  const statuses = words.length > 1 ? words.map((word) => wordStatus(field, word, given)) : [found];
  return statuses.includes('unknown') ? 'unknown' : strictest(statuses as SubscriberStatus[]);
}

function wordStatus(field: StatusField, word: string, given: GivenStatuses): SubscriberStatus | 'unknown' {
  const isBlocked = field === 'blocked';
  if (YES.has(word)) return isBlocked ? 'unsubscribed' : 'active';
  if (NO.has(word)) return isBlocked ? 'active' : 'unsubscribed';
  // A date in a column such as `unsubscribed` says since when.
  if (field !== 'status' && /^\d{6,}/.test(word)) return isBlocked ? 'unsubscribed' : 'active';
  const known = given.get(word) ?? STATUS_OF.get(word);
  if (known !== undefined) return known;
  // "unsubscribe" in a list of reasons.
  return isBlocked && /unsub|bounce|spam|suppress/.test(word) ? blockedBy(word) : 'unknown';
}

function blockedBy(word: string): SubscriberStatus {
  if (word.includes('spam')) return 'complained';
  return word.includes('bounce') ? 'bounced' : 'unsubscribed';
}

const STRICTNESS: readonly SubscriberStatus[] = ['active', 'pending', 'unsubscribed', 'bounced', 'complained'];

export function strictest(statuses: readonly SubscriberStatus[]): SubscriberStatus | undefined {
  const ranks = statuses.map((status) => STRICTNESS.indexOf(status));
  return ranks.length === 0 ? undefined : STRICTNESS[Math.max(...ranks)];
}

/**
 * The status of a person whom a list has, after a file that says `given`: a person may leave by an import, but never comes back,
 * and a confirmed person need not confirm again.
 */
export function statusAfter(known: SubscriberStatus, given: SubscriberStatus): SubscriberStatus {
  return given === 'pending' ? known : (strictest([known, given]) ?? known);
}
