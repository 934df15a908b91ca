import { expect, test } from 'vitest';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { addFirstIds } from '../../../store/migrations/first-ids.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

test('pages without a first id get it, once, and keep everything else; an empty page gets none', async () => {
  const pages = store.ledger.collection<LedgerPage>('ledger');
  const marks = { settled: 1, claimed: 2, token: 'owner:1', exceptions: [anException({ i: 0, kind: 'failed' })] };
  const found = [
    aPage({ ids: [4, 6, 8], ...marks }),
    aPage({ page: 1, ids: [10, 12], first_id: 10 }),
    aPage({ page: 2, ids: [] }),
  ];
  await insertPages(store, found);
  for (let run = 0; run < 2; run++) {
    await addFirstIds(store.db);
    expect(await pages.find().sort({ page: 1 }).toArray()).toEqual([{ ...found[0], first_id: 4 }, found[1], found[2]]);
  }
});
