import type { Collection, Document, Filter, WithId } from 'mongodb';

/**
 * A row read for an account. The API documents distinguish a missing row (404) from one of another account (403). To a
 * client, rows of its agency and of its siblings, the other clients of the agency, count as missing.
 */
export type Owned<T> = T | 'missing' | 'foreign';

interface Owner extends Document {
  _id: number;
  account: number;
}

/** Reads one row by its integer id and checks its owner; a row of another account is never returned. */
export async function findOwned<T extends Owner>(
  rows: Collection<T>,
  account: number,
  id: number,
): Promise<Owned<WithId<T>>> {
  const row = await rows.findOne({ _id: id } as Filter<T>);
  if (row === null) return 'missing';
  return row.account === account ? row : foreignOrMissing(rows, account, row.account);
}

/** Why a write matched no row. */
export async function explainNoMatch<T extends Owner>(
  rows: Collection<T>,
  account: number,
  id: number,
): Promise<'missing' | 'foreign'> {
  const found = await findOwned(rows, account, id);
  return typeof found === 'string' ? found : 'missing';
}

/** The result for a row of another account: missing where the owner is the agency of the account, or another client of it. */
export async function foreignOrMissing<T extends { account: number }>(
  rows: Collection<T>,
  account: number,
  owner: T['account'],
): Promise<'missing' | 'foreign'> {
  const ofBoth = { $match: { _id: { $in: [account, owner] }, parent_id: { $exists: true } } };
  // The database of the row, reached through its collection.
  const [found] = await rows
    .aggregate<{ family: readonly { _id: number; parent_id: number }[] }>([
      { $match: { account: owner } },
      { $limit: 1 },
      { $project: { _id: 0 } },
      { $lookup: { from: 'accounts', pipeline: [ofBoth, { $project: { parent_id: 1 } }], as: 'family' } },
    ])
    .toArray();
  const family = new Map(found?.family.map(({ _id, parent_id }) => [_id, parent_id]));
  const agency = family.get(account);
  return agency !== undefined && (agency === owner || agency === family.get(owner)) ? 'missing' : 'foreign';
}
