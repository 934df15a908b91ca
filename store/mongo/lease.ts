import { randomUUID } from 'node:crypto';
import type { Collection, Document, Filter, FindCursor, UpdateFilter } from 'mongodb';

/** `seen` of a row without an owner: every lease on it has expired. */
export const NEVER_SEEN = new Date(0);

/** Whether the owner of a row was last seen more than `lease` milliseconds ago. Only the server's clock decides. */
export function leaseExpired(lease: number): Document {
  return { $lt: ['$seen', { $subtract: ['$$NOW', lease] }] };
}

export interface DeadOwners {
  readonly ids: () => readonly string[];
  /** Milliseconds for which a row must not have been written before it is taken from a dead owner. */
  readonly unwrittenFor: number;
}

export const NO_DEAD_OWNERS: DeadOwners = { ids: () => [], unwrittenFor: 0 };

/** A new token of an owner: its id, then a random part. */
export function tokenOf(owner: string): string {
  return `${owner}:${randomUUID()}`;
}

/** Whether another owner may take a row: its lease is over, or the owner that its token names is dead. */
export function ownerLost(lease: number, { ids, unwrittenFor }: DeadOwners): Document {
  const dead = [...ids()];
  if (dead.length === 0) return leaseExpired(lease);
  const owner = { $arrayElemAt: [{ $split: ['$token', ':'] }, 0] };
  return { $or: [leaseExpired(lease), { $and: [{ $in: [owner, dead] }, leaseExpired(unwrittenFor)] }] };
}

/** A row that names the time of its next check by the sweep; null: nothing is due. */
interface SweptRow {
  readonly sweep_at?: Date | null;
}

/** The workflow of a new row starts after the response. After this many milliseconds the sweep starts it instead. */
const START_TIMEOUT = 5_000;

/** The first check of a row whose workflow starts at `at`. */
export function firstSweepAt(at: Date): Date {
  return new Date(at.getTime() + START_TIMEOUT);
}

/** Rows of every account whose check is due, the most overdue first. */
export function dueRows<T extends SweptRow>(rows: Collection<T>, before: Date, filter: Filter<T> = {}): FindCursor<T> {
  const due = { ...filter, sweep_at: { $lte: before } } as Filter<T>;
  return rows.find(due).sort({ sweep_at: 1 }) as FindCursor<T>;
}

/** Moves the next check of a row to `at`; false where `filter` no longer matches it. Atomic: one conditional update. */
export async function moveSweep<T extends SweptRow>(
  rows: Collection<T>,
  filter: Filter<T>,
  at: Date | null,
): Promise<boolean> {
  const { matchedCount } = await rows.updateOne(filter, { $set: { sweep_at: at } } as unknown as UpdateFilter<T>);
  return matchedCount === 1;
}
