import {
  type KnownFields,
  merged,
  NO_FIELDS,
  type SubscriberFields,
  type SubscriberRequest,
  type SubscriberStatus,
  sameFields,
  tooLarge,
} from '../subscriber/subscriber.js';
import type { RowStanding } from './standing.js';
import { statusAfter } from './statuses.js';

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

/** What an import reads and writes of a person. */
export interface PersonState extends KnownFields {
  readonly status: SubscriberStatus;
}

export interface Folded {
  readonly fields: KnownFields;
  /** The status and its dates, where the rows change them. */
  readonly standing?: RowStanding;
  readonly fates: readonly RowFate[];
  /** Whether the row must be written. */
  readonly changed: boolean;
}

/** A row without the address, which its person shares. */
export type PersonRow = SubscriberFields & { readonly standing?: RowStanding };

/** The rows of one person in the order of the file; each applies to the result of the one before. */
export function foldRows(known: PersonState | undefined, rows: readonly PersonRow[]): Folded {
  let person = known;
  let standing: RowStanding | undefined;
  const fates = rows.map((row): RowFate => {
    const fields = merged(person ?? NO_FIELDS, row);
    const large = tooLarge(fields);
    if (large !== undefined) return large === 'tags' ? 'too_many_tags' : 'attributes_too_large';
    const before = person;
    const status = statusOf(before, row);
    if (before !== undefined && before.status === status && sameFields(before, fields)) return 'unchanged';
    if (row.standing !== undefined && before?.status !== status) standing = { ...standing, ...row.standing, status };
    person = { ...fields, status };
    return before === undefined ? 'created' : 'updated';
  });
  const changed = person !== known;
  return { fields: person ?? NO_FIELDS, fates, changed, ...(changed && standing && { standing }) };
}

function statusOf(before: PersonState | undefined, { standing }: PersonRow): SubscriberStatus {
  if (before === undefined) return standing?.status ?? 'active';
  return standing === undefined ? before.status : statusAfter(before.status, standing.status);
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
  /** Valid rows by the status that they have in the file; rows without one are active. */
  readonly statuses?: StatusCounts;
}

export type StatusCounts = Readonly<Partial<Record<SubscriberStatus, number>>>;

export function countStatuses(requests: readonly NumberedRequest[]): StatusCounts {
  const counts: Partial<Record<SubscriberStatus, number>> = {};
  for (const { standing } of requests) {
    const status = standing?.status ?? 'active';
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

/** The counts of valid rows. */
export function countFates(fates: Iterable<RowFate>): Omit<ImportCounts, 'invalid' | 'statuses'> {
  const all = [...fates];
  const count = (fate: RowFate) => all.filter((one) => one === fate).length;
  const [created, updated, unchanged] = [count('created'), count('updated'), count('unchanged')];
  return { created, updated, unchanged, skipped_over_cap: count('over_cap') };
}

/** A row of a file as a request, with its number in the file. */
export interface NumberedRequest extends SubscriberRequest {
  readonly row: number;
  /** What the row says of the status; absent: nothing. */
  readonly standing?: RowStanding;
}

/** Consecutive rows of a file. */
export interface RowChunk {
  readonly account: number;
  readonly list: number;
  readonly import: number;
  /** Number of the first row, whether or not it is among the requests. */
  readonly from: number;
  readonly dryRun: boolean;
  readonly requests: readonly NumberedRequest[];
}

/** The rows of an import that were last written to a person, and the fate of each of them. */
export interface RowStamp {
  readonly id: number;
  /** The first of those rows. */
  readonly row: number;
  /** One letter for each row; see `encodeFates`. */
  readonly fates: string;
}

/** A person before an import. */
export interface KnownPerson extends PersonState {
  readonly _id: number;
  readonly import?: RowStamp;
}

/** A person after an import. */
export interface PersonChange {
  readonly before: KnownPerson | undefined;
  readonly request: SubscriberRequest;
  readonly fields: KnownFields;
  readonly standing?: RowStanding;
  readonly stamp: RowStamp;
}

type PersonRequests = readonly [NumberedRequest, ...NumberedRequest[]];

interface Judgement {
  /** The fate of each row of the person, by its number. */
  readonly fates: readonly (readonly [row: number, fate: RowFate])[];
  /** Absent if there is nothing to write. */
  readonly change?: PersonChange;
  /** Identity of a person whom this chunk creates. */
  readonly newSubscriber?: string;
}

/** The requests of a chunk by person, each in the order of the file. */
export function byPerson(requests: readonly NumberedRequest[]): Map<string, PersonRequests> {
  const groups = new Map<string, [NumberedRequest, ...NumberedRequest[]]>();
  for (const request of requests) {
    const group = groups.get(request.email_key);
    if (group === undefined) groups.set(request.email_key, [request]);
    else group.push(request);
  }
  return groups;
}

/** The fates of one person's rows. Rows that an earlier attempt wrote keep the fates in the person's stamp. */
export function judge(chunk: RowChunk, before: KnownPerson | undefined, requests: PersonRequests): Judgement {
  const [request] = requests;
  const stamp = before?.import;
  const written = stamp !== undefined && stamp.id === chunk.import && stamp.row >= chunk.from;
  const { fates, fields, standing, changed }: Folded =
    written && before !== undefined
      ? { fates: decodeFates(stamp.fates), fields: before, changed: false }
      : foldRows(before, requests);
  const stamped = { id: chunk.import, row: request.row, fates: encodeFates(fates) };
  return {
    fates: requests.map(({ row }, index) => [row, fates[index] ?? 'unchanged'] as const),
    ...(changed && { change: { before, request, fields, ...(standing && { standing }), stamp: stamped } }),
    ...(fates.includes('created') && { newSubscriber: request.email_key }),
  };
}

/** Fates by row number. New people beyond the capacity of the plan are not written: their valid rows are `over_cap`. */
export function fatesByRow(
  judgements: readonly Judgement[],
  overCapacity: ReadonlySet<string>,
): ReadonlyMap<number, RowFate> {
  return new Map(
    judgements.flatMap(({ fates, newSubscriber = '' }) =>
      overCapacity.has(newSubscriber)
        ? fates.map(([row, fate]) => [row, fate.includes('too_') ? fate : ('over_cap' as const)] as const)
        : fates,
    ),
  );
}
