import type { Collection, Filter } from 'mongodb';
import { sharedCalls } from '../../domain/shared-calls.js';

interface OwnedRow {
  readonly _id: string;
  readonly account: number;
}

/** A look-up of more ids is made alone: it would hold up those of single recipients. */
const MOST_SHARED = 50;

/**
 * The existing rows of these ids of an account. Small look-ups share a find, also those of several accounts. It begins after
 * each of them was asked for, so that an answer is as old as its find.
 */
export function sharedLookup<T extends OwnedRow>(rows: Collection<T>) {
  const find = (ids: readonly string[], accounts: readonly number[]) =>
    rows.find({ _id: { $in: [...ids] }, account: { $in: [...accounts] } } as Filter<T>).toArray() as Promise<T[]>;
  const findShared = sharedCalls({
    send: async (lookups: readonly Lookup[]): Promise<readonly T[][]> => {
      const ids = new Set(lookups.flatMap((one) => one.ids));
      const found = await find([...ids], [...new Set(lookups.map(({ account }) => account))]);
      const byId = new Map(found.map((row) => [row._id, row]));
      return lookups.map((one) =>
        one.ids.flatMap((id) => byId.get(id) ?? []).filter(({ account }) => account === one.account),
      );
    },
  });
  return (account: number, ids: readonly string[]): Promise<readonly T[]> =>
    ids.length > MOST_SHARED ? find(ids, [account]) : findShared({ account, ids });
}

interface Lookup {
  readonly account: number;
  readonly ids: readonly string[];
}
