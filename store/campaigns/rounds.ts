import type { Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { RetriedKind } from '../../domain/campaign/campaign.js';
import { CANCELLED_CLASS, type LedgerPage, type PageException } from '../../domain/campaign/ledger-page.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { NEVER_SEEN } from '../mongo/lease.js';
import type { RoundKey } from './ledger.js';

export type Rounds = ReturnType<typeof rounds>;

/** The pages of a round: created once, marked when a later round retries their entries, and closed. */
export function rounds(store: Store) {
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  return { ...adding(pages), ...marking(pages), ...closing(pages) };
}

/** The last stored page of a round: its number, its highest id, and whether the chain ends there. */
interface ChainEnd {
  readonly page: number;
  readonly id: number;
  readonly last: boolean;
}

/** A page that a freeze adds. */
export interface NewPage {
  readonly ids: readonly number[];
  readonly last: boolean;
}

const END = { _id: 0, page: 1, last: 1, ids: { $slice: -1 } } as const;

function adding(pages: Collection<LedgerPage>) {
  return {
    /** The end of the stored chain, from which a freeze continues; null: no page is stored. */
    chainEnd: (key: RoundKey): Promise<ChainEnd | null> => chainEnd(pages, key),

    /**
     * Adds pages behind the stored end, in one ordered write. `taken`: another freeze stored one of them first. The pages
     * before it are stored and the ones behind it are not, because the write is ordered, so there is one chain.
     */
    addPages: async (key: RoundKey, first: number, added: readonly NewPage[]): Promise<'added' | 'taken'> => {
      try {
        await pages.insertMany(
          added.map((page, k) => blankPage(key, first + k, page)),
          { ordered: true },
        );
        return 'added';
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return 'taken';
      }
    },

    /** After a cancel: ends the chain with an empty page, so that a freeze that was suspended adds no page. */
    endChain: async (key: RoundKey): Promise<void> => {
      for (;;) {
        const end = await chainEnd(pages, key);
        if (end?.last === true) return;
        await adding(pages).addPages(key, (end?.page ?? -1) + 1, [{ ids: [], last: true }]);
      }
    },

    /** Number of recipients on the stored pages of a round. */
    recipientsOf: async (key: RoundKey): Promise<number> => {
      const [sum] = await pages
        .aggregate<{ n: number }>([{ $match: key }, { $group: { _id: null, n: { $sum: '$n' } } }])
        .toArray();
      return sum?.n ?? 0;
    },

    /** Removes pages that a freeze of an earlier launch created after the cancel; none of their recipients was claimed. */
    deleteOrphans: async ({ account, campaign, launch }: Omit<RoundKey, 'round'>): Promise<void> => {
      await pages.deleteMany({ account, campaign, launch: { $ne: launch }, claimed: 0 });
    },

    /** Removes the pages of a launch that was cancelled before any claim; true if none is left. */
    deleteUnclaimed: async (account: number, campaign: number): Promise<boolean> => {
      await pages.deleteMany({ account, campaign, claimed: 0 });
      return (await pages.countDocuments({ account, campaign })) === 0;
    },
  };
}

async function chainEnd(pages: Collection<LedgerPage>, key: RoundKey): Promise<ChainEnd | null> {
  const found = pages.find(key).project<Pick<LedgerPage, 'page' | 'ids' | 'last'>>(END).sort({ page: -1 }).limit(1);
  const end = await found.next();
  return end && { page: end.page, id: end.ids.at(-1) ?? 0, last: end.last };
}

function blankPage(key: RoundKey, page: number, { ids, last }: NewPage): LedgerPage {
  return {
    _id: `${key.campaign}:${key.launch}:${key.round}:${page}`,
    account: key.account,
    campaign: key.campaign,
    launch: key.launch,
    round: key.round,
    page,
    ids,
    n: ids.length,
    last,
    settled: 0,
    claimed: 0,
    exceptions: [],
    published: 0,
    token: null,
    seen: NEVER_SEEN,
    done: ids.length === 0,
  };
}

function marking(pages: Collection<LedgerPage>) {
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
  const cut = { account, campaign, launch, round: { $lt: round }, done: true, $expr: { $lt: ['$claimed', '$n'] } };
  await pages.updateMany(cut, [{ $set: fields }]);
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

function closing(pages: Collection<LedgerPage>) {
  const waitingEntry = { kind: 'deferred', next: null } as const;
  return {
    /** Pages with recipients that still wait for a later round, to be published before they are expired. */
    withDeferred: (account: number, campaign: number): AsyncIterable<LedgerPage> =>
      pages.find({ account, campaign, done: true, exceptions: { $elemMatch: waitingEntry } }),

    /** Deferred and retried by no round → failed/expired, or skipped/cancelled after a cancel. Idempotent. */
    expire: async (
      account: number,
      campaign: number,
      as: Pick<PageException, 'kind' | 'class'> = { kind: 'failed', class: 'expired' },
    ): Promise<void> => {
      await pages.updateMany(
        { account, campaign, done: true, exceptions: { $elemMatch: waitingEntry } },
        {
          $set: {
            'exceptions.$[entry].kind': as.kind,
            'exceptions.$[entry].class': as.class,
            'exceptions.$[entry].at': now(),
          },
        },
        { arrayFilters: [{ 'entry.kind': waitingEntry.kind, 'entry.next': null }] },
      );
    },

    /** After a cancel: closes a page with nothing in flight; recipients above its marks were never claimed. */
    closeUnclaimed: async ({ _id, account, settled, exceptions }: LedgerPage): Promise<boolean> => {
      const { matchedCount } = await pages.updateOne(
        { _id, account, token: null, settled, claimed: settled, exceptions: { $size: exceptions.length } },
        { $set: { done: true, published: exceptions.length } },
      );
      return matchedCount === 1;
    },

    /** After a cancel: open pages without an owner, with nothing in flight. */
    idlePages: (account: number, campaign: number): AsyncIterable<LedgerPage> =>
      pages.find({ account, campaign, done: false, token: null, $expr: { $eq: ['$settled', '$claimed'] } }),

    /** Pages with recipients between the marks. */
    inFlight: (account: number, campaign: number): Promise<number> =>
      pages.countDocuments({ account, campaign, done: false, $expr: { $lt: ['$settled', '$claimed'] } }),

    openPagesOf: (account: number, campaign: number): Promise<number> =>
      pages.countDocuments({ account, campaign, done: false }),
  };
}
