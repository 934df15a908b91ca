import type { Collection, Document, Filter } from 'mongodb';
import type { LedgerPage, Step } from '../../domain/campaign/ledger-page.js';
import type { PageWork } from '../../domain/waiting/campaign-waiting.js';
import {
  type Alive,
  type ConditionalWrites,
  conditionalWrites,
  untilNextAttempt,
  type Verdict,
} from '../mongo/conditional-writes.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { type DeadOwners, NEVER_SEEN, NO_DEAD_OWNERS, ownerLost } from '../mongo/lease.js';
import { outcomeIsUnknown } from '../mongo/unknown-outcome.js';

export interface RoundKey {
  readonly account: number;
  readonly campaign: number;
  /** Pages of another launch are not seen: a freezer or a lane that slept through a cancel cannot reach the new chain. */
  readonly launch: number;
  readonly round: number;
}

/** `growing`: its last page is not stored. `open`: it is, and some page is not done. */
export type RoundState = 'growing' | 'open' | 'over';

export type Ledger = ReturnType<typeof ledger>;

/** The ledger: only the writes below decide whether a mail may be sent. `lease` in milliseconds. */
export function ledger(store: Store, lease: number, dead: DeadOwners = NO_DEAD_OWNERS) {
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  const write = conditionalWrites(pages);
  return {
    ...taking(pages, () => ownerLost(lease, dead)),
    ...owning(write),
    ...closing(write),
    ...reading(pages),
    ...watching(pages, lease),
  };
}

function taking(pages: Collection<LedgerPage>, isLost: () => Document) {
  return {
    /**
     * Takes the lowest page of the round without a live owner, in one write. Taking includes recovery: recipients that the
     * last owner left between the marks become `uncertain`. After a lost answer the token identifies the page.
     */
    take: async (key: RoundKey, token: string, alive: Alive): Promise<LedgerPage | undefined> => {
      let attempted = false;
      while (alive()) {
        try {
          const held = attempted ? await pages.findOne({ ...key, token, done: false }) : null;
          attempted = true;
          return held ?? (await takeFree(pages, { ...key, done: false, $expr: isLost() }, token));
        } catch (error) {
          if (!outcomeIsUnknown(error)) throw error;
          await untilNextAttempt();
        }
      }
      return undefined;
    },

    /**
     * As take, for a page that gets no new owner (of a cancelled campaign, or found by housekeeping): recipients that its
     * lost owner left between the marks become `uncertain`, and the page has no owner.
     */
    sweep: (account: number, campaign: number): Promise<LedgerPage | undefined> => {
      const abandoned = { $or: [{ $lt: ['$settled', '$claimed'] }, { $ne: ['$token', null] }] };
      return takeFree(pages, { account, campaign, done: false, $expr: { $and: [abandoned, isLost()] } }, null);
    },
  };
}

function owning(write: ConditionalWrites<LedgerPage>) {
  return {
    /** Settles one window and claims the next in a single conditional write. Only this write permits sending. */
    advance: (page: LedgerPage, step: Step, alive: Alive): Promise<Verdict> =>
      write(alive, {
        filter: { ...ownedBy(page), settled: page.settled, claimed: page.claimed },
        update: {
          $set: { settled: step.settled, claimed: step.claimed, published: step.published },
          $push: { exceptions: { $each: [...step.exceptions] } },
          $currentDate: { seen: true },
        },
        id: page._id,
        isAfter: (now) => now.token === page.token && isExactly(now, page, step),
        isBefore: (now) => now.token === page.token && now.settled === page.settled && now.claimed === page.claimed,
      }),

    /** Renews the owner's lease. */
    renew: (page: LedgerPage, alive: Alive): Promise<Verdict> =>
      write(alive, {
        filter: ownedBy(page),
        update: { $currentDate: { seen: true } },
        id: page._id,
        isAfter: () => false,
        isBefore: (now) => now.token === page.token,
      }),
  };
}

function closing(write: ConditionalWrites<LedgerPage>) {
  return {
    /** Closes a page whose every recipient has a fate and whose every exceptions entry is published. */
    finish: (page: LedgerPage, alive: Alive): Promise<Verdict> =>
      write(alive, {
        filter: {
          ...ownedBy(page),
          settled: page.n,
          claimed: page.n,
          published: page.published,
          exceptions: { $size: page.published },
        },
        update: { $set: { done: true, token: null } },
        id: page._id,
        isAfter: (now) => now.done,
        isBefore: (now) => now.token === page.token && now.settled === page.n && isPublished(now, page.published),
      }),

    /** Releases a page with nothing in flight, so that the next owner does not wait for the lease. */
    release: (page: LedgerPage, alive: Alive): Promise<Verdict> =>
      write(alive, {
        filter: { ...ownedBy(page), settled: page.claimed, claimed: page.claimed },
        update: { $set: { token: null, seen: NEVER_SEEN } },
        id: page._id,
        isAfter: (now) => now.token !== page.token,
        isBefore: (now) => now.token === page.token && now.settled === page.claimed && now.claimed === page.claimed,
      }),
  };
}

function reading(pages: Collection<LedgerPage>) {
  return {
    /** Whether a round needs more work. A page that another owner has is open, too. */
    roundState: async (key: RoundKey): Promise<RoundState> => {
      // In this order: behind the last page no other is added.
      const end = await pages.find(key).project<{ last: boolean }>({ last: 1 }).sort({ page: -1 }).limit(1).next();
      if (end?.last !== true) return 'growing';
      return (await pages.countDocuments({ ...key, done: false }, { limit: 1 })) === 0 ? 'over' : 'open';
    },

    /** Whether a server accepted any mail of this launch: a recipient that is settled and not an exception. One read. */
    hasSent: async ({ account, campaign, launch }: Omit<RoundKey, 'round'>): Promise<boolean> => {
      const sent = { $gt: ['$settled', { $size: '$exceptions' }] };
      const launched = { account, campaign, launch, settled: { $gt: 0 } };
      const page = await pages.findOne({ ...launched, $expr: sent }, { projection: { _id: 1 } });
      return page !== null;
    },
  };
}

/** For the display: who works on pages, and how far they are. Decides nothing about mail. */
function watching(pages: Collection<LedgerPage>, lease: number) {
  const isLive = { $gt: ['$seen', { $subtract: ['$$NOW', lease / 2] }] };
  const owned = { done: false, token: { $ne: null } } as const;
  return {
    /** The owners of the round's pages, as their last writes show them; null: no attempt owns a page. */
    workOn: async (key: RoundKey): Promise<PageWork | null> => {
      const isInFlight = { $max: { $lt: ['$settled', '$claimed'] } };
      const [work] = await pages
        .aggregate<PageWork>([
          { $match: { ...key, ...owned } },
          { $group: { _id: null, seen: { $max: '$seen' }, isLive: { $max: isLive }, isInFlight } },
          { $set: { freeAt: { $add: ['$seen', lease] } } },
          { $unset: '_id' },
        ])
        .toArray();
      return work ?? null;
    },

    /** Whether an attempt works on a page of any campaign. */
    anyWork: async (): Promise<boolean> => (await pages.findOne({ ...owned, $expr: isLive }, ONLY_ID)) !== null,

    /** How many recipients of a round have an outcome. */
    settledOf: async (key: RoundKey): Promise<number> => {
      const sum = { $group: { _id: null, settled: { $sum: '$settled' } } };
      const [found] = await pages.aggregate<{ settled: number }>([{ $match: key }, sum]).toArray();
      return found?.settled ?? 0;
    },
  };
}

const ONLY_ID = { projection: { _id: 1 } } as const;

function ownedBy({ _id, token }: LedgerPage): Filter<LedgerPage> {
  return { _id, token };
}

/** A delayed repetition of this owner's take leaves the same token and possibly the same marks, but other fates. */
function isExactly(now: LedgerPage, before: LedgerPage, step: Step): boolean {
  const marks = now.settled === step.settled && now.claimed === step.claimed && now.published === step.published;
  const known = new Map(now.exceptions.map((entry) => [entry.i, entry.kind]));
  const fates = step.exceptions.every((entry) => known.get(entry.i) === entry.kind);
  return marks && fates && now.exceptions.length === before.exceptions.length + step.exceptions.length;
}

function isPublished(now: LedgerPage, published: number): boolean {
  return now.published === published && now.exceptions.length === published;
}

/** One entry for each recipient between the marks. The pipeline contains no text from users. */
const UNCERTAIN_ENTRIES: Document = {
  $map: {
    input: { $range: ['$settled', '$claimed'] },
    as: 'i',
    in: {
      i: '$$i',
      kind: 'uncertain',
      class: 'owner_lost',
      scope: 'session',
      code: null,
      reply: null,
      at: '$$NOW',
      by: '$token',
      next: null,
    },
  },
};

async function takeFree(pages: Collection<LedgerPage>, filter: Filter<LedgerPage>, token: string | null) {
  const taken = await pages.findOneAndUpdate(
    filter,
    [
      {
        $set: {
          exceptions: { $concatArrays: ['$exceptions', UNCERTAIN_ENTRIES] },
          settled: '$claimed',
          token,
          seen: '$$NOW',
          taken: { at: '$$NOW', settled: '$claimed' },
        },
      },
    ],
    { sort: { page: 1 }, returnDocument: 'after' },
  );
  return taken ?? undefined;
}
