import type { Collection, Document, Filter, WithId } from 'mongodb';

/** A row read for an account: the API tells "not there" (404) from "not yours" (403), as the documents ask. */
export type Owned<T> = T | 'missing' | 'foreign';

interface Owner extends Document {
  _id: number;
  account: number;
}

/** Reads one row by its integer id and says whose it is; a foreign row is never handed out. */
export async function findOwned<T extends Owner>(
  rows: Collection<T>,
  account: number,
  id: number,
): Promise<Owned<WithId<T>>> {
  const row = await rows.findOne({ _id: id } as Filter<T>);
  if (row === null) return 'missing';
  return row.account === account ? row : 'foreign';
}

/** Why a write that matched nothing matched nothing. */
export async function whyNot<T extends Owner>(
  rows: Collection<T>,
  account: number,
  id: number,
): Promise<'missing' | 'foreign'> {
  const found = await findOwned(rows, account, id);
  return found === 'foreign' ? 'foreign' : 'missing';
}
