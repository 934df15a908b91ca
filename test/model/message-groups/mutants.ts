import type { Document } from 'mongodb';
import type { Mutation } from '../network.js';

type Change = (update: { readonly filter: Document; readonly update: Document }) => Document;

/** Changes the filter of each single update, alone or in a bulk. */
function filtering(change: Change): Mutation {
  return {
    write: (method, [first, second, ...rest]) => {
      if (method === 'updateOne') {
        const [filter, update] = [first as Document, second as Document];
        return [change({ filter, update }), update, ...rest];
      }
      if (method !== 'bulkWrite') return [first, second, ...rest];
      return [(first as readonly Document[]).map((one) => changed(one, change)), second, ...rest];
    },
  };
}

function changed(one: Document, change: Change): Document {
  const updateOne = one['updateOne'] as { filter: Document; update: Document } | undefined;
  return updateOne === undefined ? one : { updateOne: { ...updateOne, filter: change(updateOne) } };
}

/** Claims and outcomes; renewals and the end of a sweep have mutants of their own. */
function decides(update: Document): boolean {
  return !isRenewal(update) && !endsSweep(update);
}

const without = (...fields: string[]) =>
  filtering(({ filter, update }) => (decides(update) ? withoutFields(filter, fields) : filter));

function withoutFields(filter: Document, fields: readonly string[]): Document {
  return Object.fromEntries(Object.entries(filter).filter(([field]) => !fields.includes(field)));
}

function endsSweep(update: Document): boolean {
  return update['$set']?.sweep_at === null;
}

function isRenewal(update: Document): boolean {
  const { $set = {}, $push } = update;
  return $push === undefined && $set.state === undefined && update['$currentDate']?.seen === true;
}

/** Counts all rows of a command as matched if this is said of its updates. */
function believing(isMeant: (update: Document, count: number) => boolean): Mutation {
  return {
    matched: (matched, count, args) => (updatesIn(args).every((update) => isMeant(update, count)) ? count : matched),
  };
}

function updatesIn([first, second]: readonly unknown[]): Document[] {
  if (!Array.isArray(first)) return [second as Document];
  return (first as Document[]).map((one) => one['updateOne']?.update ?? {});
}

/** Deliberate faults (invariant 8). The property must catch every one of them. */
export const MUTANTS: Readonly<Record<string, Mutation>> = {
  'no token in the filter': without('token'),
  'no state in the filter': without('state', 'token'),
  'no attempt in the filter': without('attempt', 'state'),
  'an unknown outcome is believed': { acceptsUnknown: true },
  'a write that matched nothing is ignored': believing(decides),
  'mail is handed over before the claim is answered': { handsOverEarly: true },
  'a command without an error counts for each of its claims': believing(
    (update, count) => count > 1 && update['$set']?.state === 'sending',
  ),
  'a command without an error counts for each of its outcomes': believing(
    (update, count) => count > 1 && update['$push'] !== undefined,
  ),
  'a claim is renewed by its token alone': filtering(({ filter, update }) =>
    isRenewal(update) ? withoutFields(filter, ['state']) : filter,
  ),
  'a renewal that matched nothing is trusted': believing(isRenewal),
  'the deciding read is not linearizable': { readsWeakly: true },
  'the sweep ends before the events are appended': { endsSweepEarly: true },
};

/** The end of a sweep does not look at what the row has become. */
export const BLIND_END = filtering(({ filter, update }) => (endsSweep(update) ? { _id: filter['_id'] } : filter));
