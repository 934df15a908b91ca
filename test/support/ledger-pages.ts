import type { LedgerPage, OddEntry } from '../../domain/page.js';
import { fenced, type Store } from '../../store/connect.js';
import { EPOCH } from '../../store/ledger.js';

/** A page as one of the protocol's writes may have left it. */
export function aPage(page: Partial<LedgerPage> & Pick<LedgerPage, 'ids'>): LedgerPage {
  const { account = 1, campaign = 1, launch = 1, round = 0, page: number = 0, ids } = page;
  return {
    _id: `${campaign}:${launch}:${round}:${number}`,
    account,
    campaign,
    launch,
    round,
    page: number,
    n: ids.length,
    last: true,
    settled: 0,
    claimed: 0,
    odd: [],
    told: 0,
    token: null,
    seen: EPOCH,
    done: false,
    ...page,
  };
}

export function anEntry(entry: Partial<OddEntry> & Pick<OddEntry, 'i' | 'kind'>): OddEntry {
  return {
    class: 'refused',
    scope: 'address',
    code: '550',
    reply: 'no such user',
    at: new Date('2026-05-15T09:00:12Z'),
    by: null,
    next: null,
    ...entry,
  };
}

export async function layPages(store: Store, pages: readonly LedgerPage[]): Promise<void> {
  if (pages.length > 0) await fenced<LedgerPage>(store, 'ledger').insertMany([...pages]);
}
