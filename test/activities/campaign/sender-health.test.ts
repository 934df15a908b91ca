import { expect, test } from 'vitest';
import { senderHealth } from '../../../activities/campaign/attempt.js';
import type { Fate } from '../../../domain/delivery/outcome.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const REFUSED: Fate = { kind: 'failed', class: 'auth_failure', scope: 'sender', code: '5.7.26', reply: 'DMARC' };

/** Refusals in a row, from these domains in turn. */
function afterRefusals(domains: readonly string[], provenBefore: boolean) {
  const { recordSenderOutcome, senderRefused } = senderHealth(() => 10, provenBefore);
  const kinds = Array.from({ length: 40 }, (_, i) => recordSenderOutcome(REFUSED, domains[i % domains.length]).kind);
  return { kinds: [...new Set(kinds)], stopped: senderRefused() !== undefined };
}

test.each([
  ['no mail was accepted', ['strict.test'], false, { kinds: ['deferred'], stopped: true }],
  ['a mail was accepted, and one domain refuses', ['strict.test'], true, { kinds: ['failed'], stopped: false }],
  [
    'a mail was accepted, and several domains refuse',
    ['strict.test', 'other.test'],
    true,
    { kinds: ['failed'], stopped: true },
  ],
] as const)('refusals of the sender where %s', (_, domains, provenBefore, expected) => {
  expect(afterRefusals(domains, provenBefore)).toEqual(expected);
});

test('a launch has sent where a page of any of its rounds has a settled recipient without an exception', async () => {
  const { hasSent } = ledger(store, 60_000);
  const exceptions = [0, 1].map((i) => anException({ i, kind: 'deferred' }));
  const page = aPage({ account: 5, campaign: 5, ids: [1, 2], settled: 2, claimed: 2, exceptions: exceptions });
  await insertPages(store, [page]);
  expect(await hasSent(page)).toBe(false);
  await insertPages(store, [
    aPage({ account: 5, campaign: 5, round: 1, ids: [1, 2], settled: 2, claimed: 2, exceptions: exceptions.slice(1) }),
  ]);
  expect(await hasSent(page)).toBe(true);
  expect(await hasSent({ ...page, launch: 2 })).toBe(false);
});
