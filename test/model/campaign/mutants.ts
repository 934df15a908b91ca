import type { Document } from 'mongodb';
import type { Mutation } from '../network.js';

type Arguments = readonly unknown[];

/** Changes the filter or the update of one kind of write; other writes stay unchanged. */
function mutating(
  isMeant: (method: string, update: unknown) => boolean,
  mutate: (args: Arguments) => Arguments,
): Mutation {
  return { write: (method, args) => (isMeant(method, args[1]) ? mutate(args) : args) };
}

const isAdvance = (method: string, update: unknown) =>
  method === 'updateOne' && (update as Document)['$push']?.exceptions !== undefined;
const isTake = (method: string) => method === 'findOneAndUpdate';
const isMark = (_method: string, update: unknown) =>
  (update as Document)?.['$set']?.['exceptions.$[entry].next'] !== undefined;
/** The entries of recipients whom a cancel left unclaimed. */
const isRecordOfUnsent = (method: string, update: unknown) => method === 'updateMany' && Array.isArray(update);
const isLay = (method: string) => method === 'insertMany';

const without =
  (...keys: string[]) =>
  ([filter, ...rest]: Arguments): Arguments => [
    Object.fromEntries(Object.entries(filter as Document).filter(([key]) => !keys.includes(key))),
    ...rest,
  ];

/** Replaces expressions of take's pipeline. */
const taking =
  (change: Document) =>
  ([filter, pipeline, ...rest]: Arguments): Arguments => {
    const [stage] = pipeline as readonly Document[];
    return [filter, [{ $set: { ...stage?.['$set'], ...change } }], ...rest];
  };

/** Deliberate faults (invariant 8). The property must catch every one of them. */
export const MUTANTS: Readonly<Record<string, Mutation>> = {
  'no token in the filter': mutating(isAdvance, without('token')),
  'no marks in the filter': mutating(isAdvance, without('settled', 'claimed')),
  'an unknown outcome is believed': { acceptsUnknown: true },
  'a write that matched nothing is ignored': { ignoresNoMatch: true },
  'mail is handed over before the claim is answered': { handsOverEarly: true },
  'uncertain mail is sent again in place': mutating(
    isTake,
    taking({ exceptions: '$exceptions', claimed: '$settled', settled: '$settled' }),
  ),
  'recovery treats uncertain mail as sent': mutating(isTake, taking({ exceptions: '$exceptions' })),
  'an entry is published before it is written': { publishesEarly: true },
  'a later round takes what an earlier one took': mutating(isMark, ([filter, update, options, ...rest]) => {
    const [entry] = (options as { arrayFilters: Document[] }).arrayFilters;
    const anyNext = { arrayFilters: [without('entry.next')([entry])[0]] };
    return [filter, update, anyNext, ...rest];
  }),
  'each freezer writes its own pages': mutating(isLay, ([pages, ...rest]) => {
    const own = (page: Document) => ({
      ...page,
      _id: `${page['_id']}:${page['n']}`,
      page: page['page'] + page['n'] / 1000,
    });
    return [(pages as Document[]).map(own), ...rest];
  }),
  'a batch goes on behind the page of another freezer': mutating(isLay, ([pages, options, ...rest]) => [
    pages,
    { ...(options as Document), ordered: false },
    ...rest,
  ]),
  'unsent recipients get entries above the marks': mutating(
    isRecordOfUnsent,
    taking({ settled: '$settled', claimed: '$claimed' }),
  ),
  'the marks pass unsent recipients that have no entries': mutating(
    isRecordOfUnsent,
    taking({ exceptions: '$exceptions' }),
  ),
  'a round is over before its last page is stored': { endsEarly: true },
  'a cancel leaves the chain open': { leavesChainOpen: true },
};
