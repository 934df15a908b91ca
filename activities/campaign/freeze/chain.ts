import { addedUp, type ExclusionReason, NO_EXCLUSIONS } from '../../../domain/campaign/exclusions.js';
import { PAGE_SIZE } from '../../../domain/delivery/protocol.js';
import type { RoundKey } from '../../../store/campaigns/ledger.js';
import type { NewPage, Rounds } from '../../../store/campaigns/rounds.js';

/** The id of a recipient, or why a person of the list becomes none. */
export type Judged = number | ExclusionReason;

/** People with ids after the given one, ascending, in chunks of any size. */
export type PeopleAfter = (after: number) => AsyncIterable<readonly Judged[]>;

export interface ChainDeps {
  readonly rounds: Pick<Rounds, 'chainEnd' | 'addPages'>;
  readonly heartbeat: () => void;
}

interface Amount {
  /** Pages of the first batch, which is one write. Each further batch has twice as many, up to `most`. */
  readonly pages: number;
  readonly most: number;
  readonly batches: number;
}

/**
 * Adds pages to a round until its last one is stored, or until that many batches are written; returns whether the chain is
 * complete. Where another freeze stored a page first, the chain continues from the stored end, so that there is one chain.
 */
export async function extendChain(
  deps: ChainDeps,
  key: RoundKey,
  peopleAfter: PeopleAfter,
  amount: Amount,
): Promise<boolean> {
  for (let left = amount.batches; ; ) {
    const end = await deps.rounds.chainEnd(key);
    if (end?.last === true) return true;
    if (left <= 0) return false;
    const batches = batchesOf(peopleAfter(end?.id ?? 0), amount);
    left -= await addBehind(deps, key, (end?.page ?? -1) + 1, batches, left);
  }
}

/** Returns the number of batches that it added before another freeze was first. */
async function addBehind(
  deps: ChainDeps,
  key: RoundKey,
  first: number,
  batches: AsyncIterable<readonly NewPage[]>,
  most: number,
): Promise<number> {
  let page = first;
  let added = 0;
  for await (const batch of batches) {
    deps.heartbeat();
    if ((await deps.rounds.addPages(key, page, batch)) === 'taken') return added;
    page += batch.length;
    added += 1;
    if (added >= most) return added;
  }
  return added;
}

async function* batchesOf(
  chunks: AsyncIterable<readonly Judged[]>,
  { pages, most }: Pick<Amount, 'pages' | 'most'>,
): AsyncGenerator<NewPage[]> {
  let size = pages;
  let batch: NewPage[] = [];
  for await (const page of pagesOf(chunks)) {
    batch.push(page);
    if (batch.length < size && !page.last) continue;
    yield batch;
    batch = [];
    size = Math.min(2 * size, most);
  }
}

/**
 * Full pages, and the last one with the rest; an empty audience is one empty page. Each person is on one page or counted on
 * one: those behind the last id of a page count on the next, because a freeze that continues begins behind that id.
 */
async function* pagesOf(chunks: AsyncIterable<readonly Judged[]>): AsyncGenerator<NewPage> {
  let ids: number[] = [];
  let excluded = NO_EXCLUSIONS;
  let behind = NO_EXCLUSIONS;
  for await (const chunk of chunks) {
    for (const one of chunk) {
      if (typeof one === 'string') {
        behind = { ...behind, [one]: (behind[one] ?? 0) + 1 };
        continue;
      }
      if (ids.length === PAGE_SIZE) {
        yield { ids, excluded, last: false };
        ids = [];
        excluded = NO_EXCLUSIONS;
      }
      ids.push(one);
      if (behind !== NO_EXCLUSIONS) excluded = addedUp(excluded, behind);
      behind = NO_EXCLUSIONS;
    }
  }
  yield { ids, excluded: addedUp(excluded, behind), last: true };
}
