import { expect } from 'vitest';
import type { OddEntry } from '../../../domain/page.js';
import { type LedgerPage, recipientAt } from '../../../domain/page.js';
import type { Totals } from '../../../domain/totals.js';
import type { Campaign } from '../../../store/campaigns.js';
import { fenced } from '../../../store/connect.js';
import type { Event } from '../../../store/events.js';
import type { Subscriber } from '../../../store/subscribers.js';
import type { World } from './world.js';

/** What the ledger says of one recipient, round by round, and how often the receiving server took a mail to them. */
interface Story {
  readonly kinds: string[];
  accepted: number;
}

export interface Truth {
  readonly totals: Totals;
  /** Subscriber ids whose last word is "uncertain", and those among them whose mail did arrive. */
  readonly uncertain: readonly number[];
  readonly arrived: readonly number[];
}

/**
 * Compares the ledger with the receiving server id by id (PROTOCOL, invariants 1, 2, 4, 5, 6). For a campaign at rest:
 * nothing may be in flight. Throws at the first lie.
 */
export async function expectHonestLedger(world: World, campaign: Campaign): Promise<Truth> {
  const pages = await fenced<LedgerPage>(world.store, 'ledger')
    .find({ campaign: campaign._id })
    .sort({ round: 1, page: 1 })
    .toArray();
  expectChains(pages);
  const readers = await readersOf(world, campaign);
  const stories = storiesOf(pages);
  expect([...stories.keys()].sort(ascending)).toEqual([...readers.values()].sort(ascending));
  countAccepted(world, readers, stories);
  expectNoLies(stories);
  const totals = await world.totals(campaign);
  expectTrueTotals(totals, stories);
  await expectOneEventEach(world, campaign, pages);
  const uncertain = [...stories].filter(([, { kinds }]) => kinds.at(-1) === 'uncertain');
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
    const marked = pages.flatMap(({ odd, ids: all }) =>
      odd.filter(({ next }) => next === round).map(({ i }) => all[i]),
    );
    if (round > 0) expect(marked.sort((one = 0, other = 0) => one - other)).toEqual(ids);
  }
  for (const { odd, settled, claimed, _id } of pages) {
    expect(settled, `${_id} has mail in flight`).toBe(claimed);
    const places = odd.map(({ i }) => i);
    expect(new Set(places).size).toBe(places.length);
    expect(places.every((i) => i < settled)).toBe(true);
  }
}

/** Everybody on the list, by address: who is mailed is nobody else. */
async function readersOf({ store }: World, { list_id }: Campaign): Promise<Map<string, number>> {
  const rows = store.db.collection<Subscriber>('subscribers').find({ list_id }, { projection: { email: 1 } });
  return new Map((await rows.toArray()).map(({ email, _id }) => [email, _id]));
}

function storiesOf(pages: readonly LedgerPage[]): Map<number, Story> {
  const stories = new Map<number, Story>();
  for (const page of pages) {
    const entries = new Map<number, OddEntry>(page.odd.map((entry) => [entry.i, entry]));
    for (const [i, id] of page.ids.entries()) {
      const story = stories.get(id) ?? { kinds: [], accepted: 0 };
      // Only whom an earlier round had marked may stand in a further one; `expectChains` saw to that.
      story.kinds.push(entries.get(i)?.kind ?? recipientAt({ ...page, odd: [] }, i));
      stories.set(id, story);
    }
  }
  return stories;
}

/** Every mail to one recipient bears the same Message-ID, and no other recipient's. */
function countAccepted({ receiver }: World, readers: ReadonlyMap<string, number>, stories: Map<number, Story>): void {
  const owners = new Map<string, number>();
  for (const { messageId, to } of receiver.accepted) {
    expect(to).toHaveLength(1);
    const id = readers.get(to[0] ?? '');
    const story = id === undefined ? undefined : stories.get(id);
    if (id === undefined || story === undefined) continue;
    story.accepted += 1;
    expect(owners.get(messageId) ?? id).toBe(id);
    owners.set(messageId, id);
  }
  const mailed = [...stories.values()].filter(({ accepted }) => accepted > 0).length;
  expect(owners.size).toBe(mailed);
}

/** Accepted as often as the ledger says "sent"; where it says "uncertain", once more or not. Nothing else arrived. */
function expectNoLies(stories: ReadonlyMap<number, Story>): void {
  const lies = [...stories].filter(([, { kinds, accepted }]) => {
    const sent = kinds.filter((kind) => kind === 'sent').length;
    const doubts = kinds.filter((kind) => kind === 'uncertain').length;
    return sent > 1 || accepted < sent || accepted > sent + doubts;
  });
  expect(lies).toEqual([]);
}

function expectTrueTotals(totals: Totals, stories: ReadonlyMap<number, Story>): void {
  const counted: Record<string, number> = {};
  for (const { kinds } of stories.values()) counted[kinds.at(-1) ?? ''] = (counted[kinds.at(-1) ?? ''] ?? 0) + 1;
  const { sent = 0, failed = 0, uncertain = 0, skipped = 0, deferred = 0, pending = 0 } = counted;
  const true_ = { recipients: stories.size, sent, failed, uncertain, skipped, deferred, pending, in_flight: 0 };
  expect(totals).toMatchObject(true_);
}

/** What was learned later of an entry is told beside it: `:late`, `:expired`. */
const AFTERWORD = /:[a-z]+$/;

/** Every odd entry of a closed page has its event; no event speaks of an entry that is in no page. */
async function expectOneEventEach({ store }: World, campaign: Campaign, pages: readonly LedgerPage[]): Promise<void> {
  const told = await store.db
    .collection<Event>('events')
    .find({ campaign: campaign._id, type: /^recipient\./ })
    .toArray();
  const entries = pages.flatMap(({ _id, odd }) => odd.map(({ i }) => `${_id}:${i}`)).sort();
  const plain = told.map(({ _id }) => _id).filter((id) => id.replace(AFTERWORD, '') === id);
  expect(plain.sort()).toEqual(entries);
  const known = new Set(entries);
  const loose = told.filter(({ _id }) => !known.has(_id.replace(AFTERWORD, '')));
  expect(loose).toEqual([]);
}
