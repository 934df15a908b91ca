import {
  type KnownFields,
  merged,
  NO_FIELDS,
  type SubscriberFields,
  sameFields,
  tooLarge,
} from '../subscriber/subscriber.js';

/** What became of one row of an imported file. */
export type RowFate = 'created' | 'updated' | 'unchanged' | 'over_cap' | Refusal;

/** Together with what was known of them, too much for one person. */
export type Refusal = 'attributes_too_large' | 'too_many_tags';

/** Whoever the plan had no room for is nowhere: their rows are judged anew. */
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
  /** Whether there is anything to write. */
  readonly changed: boolean;
}

/** The rows of one person in the order of the file; the second finds what the first has made of them. */
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

/** Fates as they are kept on a subscriber's row: one letter each. */
export function encodeFates(fates: readonly RowFate[]): string {
  return fates.map((fate) => (fate === 'over_cap' ? '' : FATE_CODES[fate])).join('');
}

export function decodeFates(codes: string): RowFate[] {
  return [...codes].flatMap((letter) => FATES_BY_CODE.get(letter) ?? []);
}
