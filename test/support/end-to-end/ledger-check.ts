import { expect } from 'vitest';
import { isTaken, type LedgerPage, type PageException, recipientAt } from '../../../domain/campaign/ledger-page.js';
import type { Totals } from '../../../store/campaigns/recipient-totals.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Event } from '../../../store/events/events.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import type { Subscriber } from '../../../store/subscribers/row.js';
import type { TestCluster } from './test-cluster.js';

/** The states of one recipient in the ledger, round by round, and how many mails the receiving server accepted for them. */
interface RecipientHistory {
  readonly kinds: string[];
  accepted: number;
}

export interface LedgerComparison {
  readonly totals: Totals;
  /** Subscriber ids whose last word is "uncertain", and those among them whose mail did arrive. */
  readonly uncertain: readonly number[];
  readonly arrived: readonly number[];
}

/**
 * Compares the ledger with the receiving server id by id (docs/architecture/protocol.md "Invariants" 1, 2, 4, 5, 6). The
 * campaign must be at rest, with nothing in flight. Throws at the first contradiction.
 */
export async function expectLedgerMatchesReceiver(cluster: TestCluster, campaign: Campaign): Promise<LedgerComparison> {
  const pages = await majorityCollection<LedgerPage>(cluster.store, 'ledger')
    .find({ campaign: campaign._id })
    .sort({ round: 1, page: 1 })
    .toArray();
  expectChains(pages);
  const readers = await readersOf(cluster, campaign);
  const histories = historiesOf(pages);
  expect([...histories.keys()].sort(ascending)).toEqual([...readers.values()].sort(ascending));
  countAccepted(cluster, readers, histories);
  expectNoMismatches(histories);
  const totals = await cluster.totals(campaign);
  expectTotalsMatch(totals, histories);
  await expectOneEventEach(cluster, campaign, pages);
  const uncertain = [...histories].filter(([, { kinds }]) => kinds.at(-1) === 'uncertain');
  const arrived = uncertain.filter(([, { accepted }]) => accepted > 0);
  return { totals, uncertain: uncertain.map(([id]) => id), arrived: arrived.map(([id]) => id) };
}

const ascending = (one: number, other: number) => one - other;

/** Ids ascend without repeats, one last page a round, marked entries are what the next round holds. */
function expectChains(pages: readonly LedgerPage[]): void {
  const rounds = new Set(pages.map(({ round }) => round));
  for (const round of rounds) {
    const own = pages.filter((page) => page.round === round);
    const ids = own.flatMap((page) => page.ids);
    expect(ids).toEqual([...new Set(ids)].sort(ascending));
    expect(own.map(({ last }) => last)).toEqual(own.map((_, place) => place === own.length - 1));
    const marked = pages.flatMap(({ exceptions, ids: all }) =>
      exceptions.filter(({ next }) => next === round).map(({ i }) => all[i]),
    );
    if (round > 0) expect(marked.sort((one = 0, other = 0) => one - other)).toEqual(ids);
  }
  for (const { exceptions, settled, claimed, _id } of pages) {
    expect(settled, `${_id} has mail in flight`).toBe(claimed);
    const positions = exceptions.map(({ i }) => i);
    expect(new Set(positions).size).toBe(positions.length);
    expect(positions.every((i) => i < settled)).toBe(true);
  }
}

/** Subscriber ids of the list by address. */
async function readersOf({ store }: TestCluster, { list_id }: Campaign): Promise<Map<string, number>> {
  const rows = store.db.collection<Subscriber>('subscribers').find({ list_id }, { projection: { email: 1 } });
  return new Map((await rows.toArray()).map(({ email, _id }) => [email, _id]));
}

function historiesOf(pages: readonly LedgerPage[]): Map<number, RecipientHistory> {
  const histories = new Map<number, RecipientHistory>();
  for (const page of pages) {
    const entries = new Map<number, PageException>(page.exceptions.map((entry) => [entry.i, entry]));
    for (const [i, id] of page.ids.entries()) {
      const history = histories.get(id) ?? { kinds: [], accepted: 0 };
      // Only whom an earlier round had marked may stand in a further one; `expectChains` saw to that.
      history.kinds.push(entries.get(i)?.kind ?? recipientAt({ ...page, exceptions: [] }, i));
      histories.set(id, history);
    }
  }
  return histories;
}

/** Every mail to one recipient bears the same Message-ID, and no other recipient's. */
function countAccepted(
  { receiver }: TestCluster,
  readers: ReadonlyMap<string, number>,
  histories: Map<number, RecipientHistory>,
): void {
  const owners = new Map<string, number>();
  for (const { messageId, to } of receiver.accepted) {
    expect(to).toHaveLength(1);
    const id = readers.get(to[0] ?? '');
    const history = id === undefined ? undefined : histories.get(id);
    if (id === undefined || history === undefined) continue;
    history.accepted += 1;
    expect(owners.get(messageId) ?? id).toBe(id);
    owners.set(messageId, id);
  }
  const mailed = [...histories.values()].filter(({ accepted }) => accepted > 0).length;
  expect(owners.size).toBe(mailed);
}

/** Accepted as often as the ledger says "sent"; where it says "uncertain", once more or not. Nothing else arrived. */
function expectNoMismatches(histories: ReadonlyMap<number, RecipientHistory>): void {
  const mismatches = [...histories].filter(([, { kinds, accepted }]) => {
    const sent = kinds.filter((kind) => kind === 'sent').length;
    const doubts = kinds.filter((kind) => kind === 'uncertain').length;
    return sent > 1 || accepted < sent || accepted > sent + doubts;
  });
  expect(mismatches).toEqual([]);
}

function expectTotalsMatch(totals: Totals, histories: ReadonlyMap<number, RecipientHistory>): void {
  const counted: Record<string, number> = {};
  for (const { kinds } of histories.values()) counted[kinds.at(-1) ?? ''] = (counted[kinds.at(-1) ?? ''] ?? 0) + 1;
  const { sent = 0, failed = 0, uncertain = 0, skipped = 0, deferred = 0, pending = 0 } = counted;
  const true_ = { recipients: histories.size, sent, failed, uncertain, skipped, deferred, pending, in_flight: 0 };
  expect(totals).toMatchObject(true_);
}

/** Later evidence about an entry has an event of its own: `:late`, `:expired`. */
const LATER_SUFFIX = /:[a-z]+$/;

/**
 * Every exceptions entry of a closed page has its event, unless a cancel left its recipient unsent; no event speaks of an
 * entry that is in no page.
 */
async function expectOneEventEach(
  { store }: TestCluster,
  campaign: Campaign,
  pages: readonly LedgerPage[],
): Promise<void> {
  const published = await store.db
    .collection<Event>('events')
    .find({ campaign: campaign._id, type: /^recipient\./ })
    .toArray();
  const entries = pages.flatMap(({ _id, exceptions }) =>
    exceptions.map((entry) => ({ ...entry, id: `${_id}:${entry.i}` })),
  );
  const known = new Set(entries.map(({ id }) => id));
  const unsent = new Set(entries.filter((entry) => isTaken(entry, ['unsent'])).map(({ id }) => id));
  const plain = published.map(({ _id }) => _id).filter((id) => id.replace(LATER_SUFFIX, '') === id);
  expect(plain.filter((id) => !unsent.has(id)).sort()).toEqual([...known].filter((id) => !unsent.has(id)).sort());
  const loose = published.filter(({ _id }) => !known.has(_id.replace(LATER_SUFFIX, '')));
  expect(loose).toEqual([]);
}
