import { PAGE_SIZE } from '../../../domain/delivery/protocol.js';
import type { RoundKey } from '../../../store/campaigns/ledger.js';
import type { NewPage, Rounds } from '../../../store/campaigns/rounds.js';

/** Ids after the given one, ascending, in chunks of any size. */
export type IdsAfter = (after: number) => AsyncIterable<readonly number[]>;

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
  idsAfter: IdsAfter,
  amount: Amount,
): Promise<boolean> {
  for (let left = amount.batches; ; ) {
    const end = await deps.rounds.chainEnd(key);
    if (end?.last === true) return true;
    if (left <= 0) return false;
    const batches = batchesOf(idsAfter(end?.id ?? 0), amount);
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

/** Full pages, and the last one with the rest; an empty audience is one empty page. */
async function* batchesOf(
  chunks: AsyncIterable<readonly number[]>,
  { pages, most }: Pick<Amount, 'pages' | 'most'>,
): AsyncGenerator<NewPage[]> {
  let size = pages;
  let ids: number[] = [];
  let batch: NewPage[] = [];
  for await (const chunk of chunks) {
    for (const id of chunk) {
      if (ids.length === PAGE_SIZE) {
        batch.push({ ids, last: false });
        ids = [];
      }
      if (batch.length === size) {
        yield batch;
        batch = [];
        size = Math.min(2 * size, most);
      }
      ids.push(id);
    }
  }
  yield [...batch, { ids, last: true }];
}
