import type { LedgerPage, PageException } from '../../../domain/campaign/ledger-page.js';
import { events } from '../../../store/events/events.js';
import { WINDOW } from './attempt.js';
import { type CampaignModel, pagesOf, rowOf } from './model.js';

/** The invariants by their numbers (docs/architecture/protocol.md "Invariants"). */
export class Broken extends Error {
  override readonly name = 'Broken';
  constructor(invariant: number, what: string) {
    super(`invariant ${invariant}: ${what}`);
  }
}

function holds(invariant: number, truth: boolean, what: () => string): void {
  if (!truth) throw new Broken(invariant, what());
}

/** Checks the invariants that hold after every step. */
export async function checkAlways(model: CampaignModel): Promise<void> {
  const pages = await pagesOf(model);
  for (const page of pages) {
    checkMarks(page, model.pages.get(page._id));
    checkAgainstReceiver(model, page);
    model.pages.set(page._id, page);
  }
  checkChains(pages);
  for (const key of model.receiver.everHanded()) {
    const [round = 0, id = 0] = key.split(':').map(Number);
    holds(1, model.receiver.handed(round, id) <= 1, () => `${id} was handed over twice in round ${round}`);
  }
}

function checkMarks(page: LedgerPage, before: LedgerPage | undefined): void {
  const { _id, settled, claimed, n, exceptions } = page;
  const ordered = 0 <= settled && settled <= claimed && claimed <= n && claimed - settled <= WINDOW;
  holds(3, ordered, () => `page ${_id} is at ${settled}, ${claimed} of ${n}`);
  const places = exceptions.map((entry) => entry.i);
  holds(3, new Set(places).size === places.length, () => `page ${_id} has two fates for one recipient: ${places}`);
  holds(
    3,
    places.every((i) => i < settled),
    () => `page ${_id} has a fate above settled: ${places}, ${settled}`,
  );
  if (before === undefined) return;
  const fell = settled < before.settled || claimed < before.claimed;
  holds(3, !fell, () => `page ${_id} fell from ${before.settled}, ${before.claimed} to ${settled}, ${claimed}`);
  const isCompleted = settled === n && exceptions.slice(before.exceptions.length).every(isUnsent);
  const added = exceptions.length - before.exceptions.length;
  const changed = before.done && (!page.done || added !== settled - before.settled || (added > 0 && !isCompleted));
  holds(3, !changed, () => `page ${_id} was done and changed`);
}

/** A recipient whom a cancel left unclaimed. */
function isUnsent({ kind, class: reason }: PageException): boolean {
  return kind === 'skipped' && reason === 'cancelled';
}

function checkAgainstReceiver({ receiver }: CampaignModel, page: LedgerPage): void {
  for (const [i, id] of page.ids.entries()) {
    const accepted = receiver.accepted(page.round, id);
    if (i < page.settled) {
      const kind = page.exceptions.find((entry) => entry.i === i)?.kind ?? 'sent';
      const right = kind === 'uncertain' || accepted === (kind === 'sent' ? 1 : 0);
      holds(2, right, () => `${id} on ${page._id} is ${kind}, the receiver has ${accepted}`);
    } else if (i >= page.claimed) {
      holds(2, receiver.handed(page.round, id) === 0, () => `${id} on ${page._id} was handed over without a claim`);
    }
  }
}

function checkChains(pages: readonly LedgerPage[]): void {
  for (const round of new Set(pages.map((page) => page.round))) {
    const chain = pages.filter((page) => page.round === round);
    const ids = chain.flatMap((page) => page.ids);
    const ascending = ids.every((id, k) => k === 0 || id > (ids[k - 1] ?? 0));
    holds(5, ascending, () => `round ${round} does not ascend: ${ids}`);
    const numbered = chain.every((page, k) => page.page === k && page.last === false) || endsOnce(chain);
    holds(5, numbered, () => `round ${round} is no chain`);
  }
}

function endsOnce(chain: readonly LedgerPage[]): boolean {
  return chain.every((page, k) => page.page === k && page.last === (k === chain.length - 1));
}

/** Checks the invariants that hold after the faults have stopped and one healthy worker has finished. */
export async function checkEnd(model: CampaignModel): Promise<void> {
  await checkAlways(model);
  const { state, round } = await rowOf(model);
  holds(7, ['sent', 'failed', 'cancelled'].includes(state), () => `the campaign is still ${state}`);
  const pages = await pagesOf(model);
  for (const page of pages) {
    holds(7, page.done && page.settled === page.claimed, () => `page ${page._id} is not done or has mail in flight`);
    holds(5, page.round > 0 || page.settled === page.n || model.wasCancelled, () => `${page._id} is not finished`);
  }
  for (let each = 0; each <= round; each++) {
    const ends = pages.some((page) => page.round === each && page.last);
    holds(5, ends, () => `round ${each} has no last page`);
  }
  checkAudience(model, pages, state === 'cancelled');
  checkRounds(pages);
  await checkEventLog(model, pages);
}

/** Follows each frozen recipient through its rounds: each has one final state, and none is lost. */
function checkAudience(model: CampaignModel, pages: readonly LedgerPage[], cancelled: boolean): void {
  const frozen = new Set(pages.filter((page) => page.round === 0).flatMap((page) => page.ids));
  for (const id of model.list) {
    if (!frozen.has(id)) {
      holds(5, model.wasCancelled || model.left.has(id), () => `${id} never left and was not frozen`);
      continue;
    }
    let entry = entryOf(pages, 0, id);
    let round = 0;
    while (typeof entry === 'object' && entry.next !== null) {
      holds(4, entry.next > round, () => `${id} was taken by an earlier round`);
      round = entry.next;
      entry = entryOf(pages, round, id);
    }
    holds(4, entry !== 'lost', () => `${id} was taken up by round ${round} and is not in it`);
    const open = typeof entry === 'object' && entry.kind === 'deferred' && !cancelled;
    holds(4, !open, () => `${id} still waits in round ${round}`);
  }
}

function entryOf(pages: readonly LedgerPage[], round: number, id: number): PageException | 'sent' | 'lost' {
  const page = pages.find((one) => one.round === round && one.ids.includes(id));
  if (page === undefined) return 'lost';
  return page.exceptions.find((entry) => page.ids[entry.i] === id) ?? 'sent';
}

function checkRounds(pages: readonly LedgerPage[]): void {
  const entries = pages.flatMap((page) => page.exceptions);
  const last = pages.at(-1)?.round ?? 0;
  for (let round = 1; round <= last; round++) {
    const taken = entries.filter((entry) => entry.next === round).length;
    const n = pages.filter((page) => page.round === round).reduce((sum, page) => sum + page.n, 0);
    holds(4, taken === n, () => `round ${round} took ${taken} entries and has ${n} recipients`);
  }
}

async function checkEventLog({ store, key }: CampaignModel, pages: readonly LedgerPage[]): Promise<void> {
  const published = new Map(
    (await events(store).ofCampaign(key.account, key.campaign)).map(({ _id, type }) => [_id, type]),
  );
  for (const page of pages) {
    for (const entry of page.exceptions) {
      const { i, kind, class: why } = entry;
      const type = published.get(`${page._id}:${i}`);
      const changedSince = why === 'late' || why === 'expired';
      const right = changedSince ? type !== undefined : type === (isUnsent(entry) ? undefined : `recipient.${kind}`);
      holds(6, right, () => `place ${i} of ${page._id} is ${kind} (${why}) and was published as ${type}`);
      published.delete(`${page._id}:${i}`);
    }
  }
  holds(6, published.size === 0, () => `published, but on no page: ${[...published.keys()]}`);
}
