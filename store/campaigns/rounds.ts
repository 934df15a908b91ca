import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { Exclusions } from '../../domain/campaign/exclusions.js';
import { type LedgerPage, type PageException, RESTORED_ENTRY } from '../../domain/campaign/ledger-page.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { NEVER_SEEN } from '../mongo/lease.js';
import type { RoundKey } from './ledger.js';
import { marking } from './round-marks.js';

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
  /** Whether a cancel may have ended the chain before its time: an empty page without the numbers of a freeze. */
  readonly cut: boolean;
}

/** A page that a freeze adds. */
export interface NewPage {
  readonly ids: readonly number[];
  readonly last: boolean;
  /** Stored on pages of the first round only. */
  readonly excluded?: Exclusions;
  /** Its recipients may have been mailed already: they are uncertain from the start. */
  readonly isRestored?: boolean;
}

const END = { _id: 0, page: 1, last: 1, excluded: 1, ids: { $slice: -1 } } as const;

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
      await pages.deleteMany({ account, campaign, launch: { $lt: launch }, claimed: 0 });
    },

    /** Removes the pages of this launch and earlier ones, cancelled before any claim; true if none is left of them. */
    deleteUnclaimed: async ({ account, campaign, launch }: Omit<RoundKey, 'round'>): Promise<boolean> => {
      const cancelled = { account, campaign, launch: { $lte: launch } };
      await pages.deleteMany({ ...cancelled, claimed: 0 });
      return (await pages.countDocuments(cancelled)) === 0;
    },
  };
}

async function chainEnd(pages: Collection<LedgerPage>, key: RoundKey): Promise<ChainEnd | null> {
  const found = pages
    .find(key)
    .project<Pick<LedgerPage, 'page' | 'ids' | 'last' | 'excluded'>>(END)
    .sort({ page: -1 })
    .limit(1);
  const end = await found.next();
  if (end === null) return null;
  const { page, last, excluded, ids } = end;
  return { page, id: ids.at(-1) ?? 0, last, cut: last && ids.length === 0 && excluded === undefined };
}

function blankPage(key: RoundKey, page: number, { ids, last, excluded, isRestored = false }: NewPage): LedgerPage {
  const [first_id] = ids;
  const settled = isRestored ? ids.length : 0;
  return {
    _id: `${key.campaign}:${key.launch}:${key.round}:${page}`,
    account: key.account,
    campaign: key.campaign,
    launch: key.launch,
    round: key.round,
    page,
    ids,
    ...(first_id !== undefined && { first_id }),
    ...(excluded !== undefined && key.round === 0 && { excluded }),
    n: ids.length,
    last,
    settled,
    claimed: settled,
    exceptions: Array.from({ length: settled }, (_, i) => ({ i, ...RESTORED_ENTRY, at: now() })),
    published: 0,
    token: null,
    seen: NEVER_SEEN,
    done: ids.length === 0,
  };
}

/** The rounds of a launch up to this one. What ends them must not reach the pages of a retry or of a later launch. */
function upTo({ round, ...launch }: RoundKey) {
  return { ...launch, round: { $lte: round } };
}

/** `last`: the round of the campaign's row as it was read before; the pages of later rounds stay as they are. */
function closing(pages: Collection<LedgerPage>) {
  const waitingEntry = { kind: 'deferred', next: null } as const;
  return {
    /** Pages with recipients that still wait for a later round, to be published before they are expired. */
    withDeferred: (last: RoundKey): AsyncIterable<LedgerPage> =>
      pages.find({ ...upTo(last), done: true, exceptions: { $elemMatch: waitingEntry } }),

    /** Deferred and retried by no round → failed/expired, or skipped/cancelled after a cancel. Idempotent. */
    expire: async (
      last: RoundKey,
      as: Pick<PageException, 'kind' | 'class'> = { kind: 'failed', class: 'expired' },
    ): Promise<void> => {
      await pages.updateMany(
        { ...upTo(last), done: true, exceptions: { $elemMatch: waitingEntry } },
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
    idlePages: (last: RoundKey): AsyncIterable<LedgerPage> =>
      pages.find({ ...upTo(last), done: false, token: null, $expr: { $eq: ['$settled', '$claimed'] } }),

    /** Pages with recipients between the marks. */
    inFlight: (account: number, campaign: number): Promise<number> =>
      pages.countDocuments({ account, campaign, done: false, $expr: { $lt: ['$settled', '$claimed'] } }),

    openPagesOf: (last: RoundKey): Promise<number> => pages.countDocuments({ ...upTo(last), done: false }),
  };
}
