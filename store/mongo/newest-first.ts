import type { Collection, Document, Filter } from 'mongodb';

/** Rows in the order of a time, newest first; `next` is the cursor of the following page, if there are more. */
interface Page<T> {
  readonly found: readonly T[];
  readonly next: string | undefined;
}

/** The page of at most `limit` rows behind a cursor. Rows of the same time are in the order of their ids. */
export async function newestFirst<T extends Document & { readonly _id: string }>(
  rows: Collection<T>,
  filter: Filter<T>,
  timeOf: keyof T & string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<Page<T>> {
  const older = after === undefined ? {} : olderThan(after, timeOf);
  const found = (await rows
    .find({ ...filter, ...older } as Filter<T>)
    .sort({ [timeOf]: -1, _id: -1 })
    .limit(limit + 1)
    .toArray()) as T[];
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return { found: shown, next: found.length > limit && last ? `${last[timeOf].getTime()}.${last._id}` : undefined };
}

function olderThan(after: string, timeOf: string): Document {
  const [ms = '', id = ''] = after.split('.');
  const time = new Date(Number(ms));
  return { $or: [{ [timeOf]: { $lt: time } }, { [timeOf]: time, _id: { $lt: id } }] };
}
