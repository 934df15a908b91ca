import {
  type KnownFields,
  merged,
  NO_FIELDS,
  type SubscriberFields,
  sameFields,
  tooLarge,
} from '../subscriber/subscriber.js';

/** The result of one row of an imported file. */
export type RowFate = 'created' | 'updated' | 'unchanged' | 'over_cap' | Refusal;

/** The row exceeds a limit of its person, together with the existing fields. */
export type Refusal = 'attributes_too_large' | 'too_many_tags';

/** `over_cap` has no letter: such a person is not written, so their rows are judged again. */
const FATE_CODES: Readonly<Record<Exclude<RowFate, 'over_cap'>, string>> = {
  created: 'c',
  updated: 'u',
  unchanged: 'n',
  attributes_too_large: 'a',
  too_many_tags: 't',
};
const FATES_BY_CODE = new Map(Object.entries(FATE_CODES).map(([fate, letter]) => [letter, fate as RowFate]));

export interface Folded {
  readonly fields: KnownFields;
  readonly fates: readonly RowFate[];
  /** Whether the row must be written. */
  readonly changed: boolean;
}

/** The rows of one person in the order of the file; each applies to the result of the one before. */
export function foldRows(known: KnownFields | undefined, rows: readonly SubscriberFields[]): Folded {
  let person = known;
  const fates = rows.map((row): RowFate => {
    const fields = merged(person ?? NO_FIELDS, row);
    const large = tooLarge(fields);
    if (large !== undefined) return large === 'tags' ? 'too_many_tags' : 'attributes_too_large';
    const before = person;
    if (before !== undefined && sameFields(before, fields)) return 'unchanged';
    person = fields;
    return before === undefined ? 'created' : 'updated';
  });
  return { fields: person ?? NO_FIELDS, fates, changed: person !== known };
}

/** Fates as stored on a subscriber's row: one letter each. */
export function encodeFates(fates: readonly RowFate[]): string {
  return fates.map((fate) => (fate === 'over_cap' ? '' : FATE_CODES[fate])).join('');
}

export function decodeFates(codes: string): RowFate[] {
  return [...codes].flatMap((letter) => FATES_BY_CODE.get(letter) ?? []);
}

/** Numbers of rows; each row counts in exactly one. */
export interface ImportCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly invalid: number;
  /** Absent if the plan had capacity for all. */
  readonly skipped_over_cap?: number;
}

/** The counts of valid rows. */
export function countFates(fates: Iterable<RowFate>): Omit<ImportCounts, 'invalid'> {
  const all = [...fates];
  const count = (fate: RowFate) => all.filter((one) => one === fate).length;
  const [created, updated, unchanged] = [count('created'), count('updated'), count('unchanged')];
  return { created, updated, unchanged, skipped_over_cap: count('over_cap') };
}
