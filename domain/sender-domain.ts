/** The records that a domain must publish before receivers trust its mail, and their state. */
export const RECORD_STATES = ['missing', 'wrong', 'ok'] as const;
export type RecordState = (typeof RECORD_STATES)[number];

/** The result of a DNS check for one record. */
export interface RecordCheck {
  readonly state: RecordState;
  /** The published value that resembles the expected record. */
  readonly found: string | null;
  /** One sentence of advice. */
  readonly note: string | null;
}

/** No name server of the zone answered: the last result stays valid. */
export interface NoDnsAnswer {
  readonly state: 'unknown';
  readonly note: string;
}

export type DkimAlgorithm = 'rsa-sha256' | 'ed25519-sha256';

/** One key of a domain: a `next` key waits until its record is published, then replaces the active one. */
export interface DkimKeyStatus {
  readonly algorithm: DkimAlgorithm;
  readonly use: 'active' | 'next' | 'retired';
  readonly check: RecordCheck;
}

export const UNCHECKED: RecordCheck = { state: 'missing', found: null, note: null };

export function noDnsAnswer(why: string): NoDnsAnswer {
  return { state: 'unknown', note: `The name servers did not answer (${why}).` };
}

/** The newer check if it got an answer; otherwise the older one with a note on the error. */
export function latestCheck(before: RecordCheck, now: RecordCheck | NoDnsAnswer): RecordCheck {
  return now.state === 'unknown' ? { ...before, note: now.note } : now;
}

/** Receivers trust a domain with an RSA record and no wrong record; ed25519 is optional. */
export function isPublished(keys: readonly DkimKeyStatus[]): boolean {
  return (
    keys.some(({ algorithm, check }) => algorithm === 'rsa-sha256' && check.state === 'ok') &&
    keys.every(({ check }) => check.state !== 'wrong')
  );
}

/** Activates the next keys once they are published; the keys that they replace stay listed for mail in transit. */
export function promoteNextKeys<K extends DkimKeyStatus>(keys: readonly K[]): readonly K[] {
  const next = keys.filter(({ use }) => use === 'next');
  if (!isPublished(next)) return keys;
  const retired = keys.filter(({ use }) => use === 'active').map((key) => ({ ...key, use: 'retired' as const }));
  return [...next.map((key) => ({ ...key, use: 'active' as const })), ...retired];
}

/** Before anything is published all active keys sign; afterwards those with a record, also a wrong one: it stops the mail. */
export function signingKeys<K extends DkimKeyStatus>(keys: readonly K[]): readonly K[] {
  const active = keys.filter(({ use }) => use === 'active');
  const seen = active.filter(({ check }) => check.state !== 'missing');
  return seen.length === 0 ? active : seen;
}

/** `k=rsa; p=…` as a map; names are lower-cased, the first of two wins (RFC 6376 §3.2). */
function tagsOf(record: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const tag of record.split(';')) {
    const equals = tag.indexOf('=');
    const name = tag.slice(0, Math.max(0, equals)).trim().toLowerCase();
    if (name !== '' && !tags.has(name)) tags.set(name, tag.slice(equals + 1).trim());
  }
  return tags;
}

/** `key` is the expected `p=`. */
export function checkDkimRecord(records: readonly string[], algorithm: string, key: string): RecordCheck {
  const [found] = records;
  if (found === undefined) return UNCHECKED;
  const wrong = (note: string): RecordCheck => ({ state: 'wrong', found, note });
  if (records.length > 1) return wrong('There is more than one record under this name; leave one.');
  const tags = tagsOf(found);
  const version = tags.get('v');
  if (version !== undefined && version !== 'DKIM1') return wrong('The version is not DKIM1.');
  const published = tags.get('p')?.replace(/\s/g, '');
  if (published === '') return wrong('The key is revoked: p= is empty.');
  if ((tags.get('k') ?? 'rsa') !== algorithm) return wrong(`The k= is not ${algorithm}.`);
  if (published !== key) return wrong('The p= is another key.');
  return { state: 'ok', found, note: null };
}

const POLICIES = new Set(['none', 'quarantine', 'reject']);

export function isDmarc(record: string): boolean {
  return /^v\s*=\s*DMARC1\s*(?:;|$)/.test(record);
}

/** RFC 9989: several records count as none; without a valid `p=` a record has no effect. */
export function checkDmarcRecord(records: readonly string[]): RecordCheck {
  const [found] = records;
  if (found === undefined) return UNCHECKED;
  if (records.length > 1) return { state: 'wrong', found, note: 'There is more than one DMARC record; leave one.' };
  const policy = tagsOf(found).get('p')?.toLowerCase();
  if (policy === undefined || !POLICIES.has(policy)) {
    return { state: 'wrong', found, note: 'The p= must be none, quarantine or reject.' };
  }
  return { state: 'ok', found, note: null };
}

/** The domain and its parents down to two labels: the names where DMARC is looked up (RFC 9989 §4.10). */
export function domainsAbove(domain: string): readonly string[] {
  const labels = domain.split('.');
  return Array.from({ length: Math.max(1, labels.length - 1) }, (_, i) => labels.slice(i).join('.')).slice(0, 8);
}
