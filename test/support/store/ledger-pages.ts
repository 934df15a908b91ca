import type { LedgerPage, PageException } from '../../../domain/campaign/ledger-page.js';
import { majorityCollection, type Store } from '../../../store/mongo/connect.js';
import { NEVER_SEEN } from '../../../store/mongo/lease.js';

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
    exceptions: [],
    published: 0,
    token: null,
    seen: NEVER_SEEN,
    done: false,
    ...page,
  };
}

export function anException(entry: Partial<PageException> & Pick<PageException, 'i' | 'kind'>): PageException {
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

export async function insertPages(store: Store, pages: readonly LedgerPage[]): Promise<void> {
  if (pages.length > 0) await majorityCollection<LedgerPage>(store, 'ledger').insertMany([...pages]);
}
