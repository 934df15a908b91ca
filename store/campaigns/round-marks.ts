import type { Collection, Filter } from 'mongodb';
import type { RetriedKind } from '../../domain/campaign/campaign.js';
import { CANCELLED_CLASS, type LedgerPage } from '../../domain/campaign/ledger-page.js';
import type { RoundKey } from './ledger.js';

/** A page is closed above its marks only by a cancel. */
export const CUT = { done: true, $expr: { $lt: ['$claimed', '$n'] } } as const satisfies Filter<LedgerPage>;

/** The marks by which a later round takes recipients of earlier ones. */
export function marking(pages: Collection<LedgerPage>) {
  return {
    /** Whether each earlier round has its last page and no page that is not done; only then is a round frozen. */
    areEarlierOver: async ({ account, campaign, launch, round }: RoundKey): Promise<boolean> => {
      const earlier = { account, campaign, launch, round: { $lt: round } };
      // In this order: behind the last page no other is added.
      if ((await pages.countDocuments({ ...earlier, last: true })) < round) return false;
      return (await pages.countDocuments({ ...earlier, done: false }, { limit: 1 })) === 0;
    },

    /**
     * Marks the entries of earlier rounds that this round retries: of the given kinds, retried by no round before. A page is
     * marked once per round, before the round's pages are created: later evidence does not change the round's audience.
     */
    mark: async (key: RoundKey, takes: readonly RetriedKind[], only?: ReadonlySet<number>): Promise<void> => {
      if (takes.includes('unsent')) await recordUnsent(pages, key);
      const unmarked: Filter<LedgerPage> = {
        account: key.account,
        campaign: key.campaign,
        launch: key.launch,
        round: { $lt: key.round },
        'exceptions.0': { $exists: true },
        marked: { $not: { $gte: key.round } },
      };
      const set = { $set: { 'exceptions.$[entry].next': key.round, marked: key.round } };
      if (only === undefined) {
        await pages.updateMany(unmarked, set, { arrayFilters: [entryFilter(takes)] });
        return;
      }
      for await (const { _id, ids } of pages.find({ ...unmarked, ids: { $in: [...only] } })) {
        const positions = ids.flatMap((id, i) => (only.has(id) ? [i] : []));
        const entries = { ...entryFilter(takes), 'entry.i': { $in: positions } };
        await pages.updateOne({ ...unmarked, _id }, set, { arrayFilters: [entries] });
      }
    },

    /** Subscriber ids that the round retries, ascending, each once, beginning after `after`. */
    marked: (key: RoundKey, after: number): AsyncGenerator<number> => ascending(pages, key, after),
  };
}

function entryFilter(takes: readonly RetriedKind[]) {
  const ofKind = { 'entry.kind': { $in: takes.filter((kind) => kind !== 'unsent') } };
  const unsent = { 'entry.kind': 'skipped', 'entry.class': CANCELLED_CLASS };
  return { $or: takes.includes('unsent') ? [ofKind, unsent] : [ofKind], 'entry.next': null };
}

/**
 * Gives each recipient whom a cancel left unclaimed an entry of its own, which a round can mark. It says what the marks
 * of a page that is done say already, so it has no event. Atomic for each page, and repeatable.
 */
async function recordUnsent(pages: Collection<LedgerPage>, { account, campaign, launch, round }: RoundKey) {
  const entry = { i: '$$i', kind: 'skipped', class: CANCELLED_CLASS, scope: 'message', code: null, reply: null };
  const entries = {
    $map: {
      input: { $range: ['$claimed', '$n'] },
      as: 'i',
      in: { ...entry, at: '$$NOW', by: null, next: null },
    },
  };
  const fields = {
    exceptions: { $concatArrays: ['$exceptions', entries] },
    published: { $add: ['$published', { $subtract: ['$n', '$claimed'] }] },
    settled: '$n',
    claimed: '$n',
  };
  await pages.updateMany({ account, campaign, launch, round: { $lt: round }, ...CUT }, [{ $set: fields }]);
}

/** Ids ascend in each earlier round; a merge keeps them ascending without holding all of them in memory. */
async function* ascending(pages: Collection<LedgerPage>, key: RoundKey, after: number): AsyncGenerator<number> {
  const heads: { id: number; rest: AsyncGenerator<number> }[] = [];
  for (let round = 0; round < key.round; round++) {
    const rest = markedIn(pages, { ...key, round }, key.round, after);
    const head = await rest.next();
    if (!head.done) heads.push({ id: head.value, rest });
  }
  try {
    while (heads.length > 0) {
      heads.sort((one, other) => one.id - other.id);
      const lowest = heads[0];
      if (lowest === undefined) return;
      yield lowest.id;
      const following = await lowest.rest.next();
      if (following.done) heads.shift();
      else lowest.id = following.value;
    }
  } finally {
    // A reader that stops early must leave no cursor open on the server.
    await Promise.all(heads.map(({ rest }) => rest.return(undefined)));
  }
}

async function* markedIn(
  pages: Collection<LedgerPage>,
  key: RoundKey,
  next: number,
  after: number,
): AsyncGenerator<number> {
  for await (const page of pages.find({ ...key, 'exceptions.next': next }).sort({ page: 1 })) {
    const positions = page.exceptions.filter((entry) => entry.next === next).map((entry) => entry.i);
    for (const i of positions.sort((one, other) => one - other)) {
      const id = page.ids[i];
      if (id !== undefined && id > after) yield id;
    }
  }
}
