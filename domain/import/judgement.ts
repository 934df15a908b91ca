import type { KnownFields, SubscriberRequest } from '../subscriber/subscriber.js';
import { decodeFates, encodeFates, type Folded, foldRows, type RowFate } from './row-fate.js';

/** A row of a file as a request, with its number in the file. */
export interface NumberedRequest extends SubscriberRequest {
  readonly row: number;
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
export interface KnownPerson extends KnownFields {
  readonly _id: number;
  readonly import?: RowStamp;
}

/** A person after an import. */
export interface PersonChange {
  readonly before: KnownPerson | undefined;
  readonly request: SubscriberRequest;
  readonly fields: KnownFields;
  readonly stamp: RowStamp;
}

export type PersonRequests = readonly [NumberedRequest, ...NumberedRequest[]];

export interface Judgement {
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
  const { fates, fields, changed }: Folded =
    written && before !== undefined
      ? { fates: decodeFates(stamp.fates), fields: before, changed: false }
      : foldRows(before, requests);
  const stamped = { id: chunk.import, row: request.row, fates: encodeFates(fates) };
  return {
    fates: requests.map(({ row }, index) => [row, fates[index] ?? 'unchanged'] as const),
    ...(changed && { change: { before, request, fields, stamp: stamped } }),
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
