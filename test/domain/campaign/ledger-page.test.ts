import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recipientAt } from '../../../domain/campaign/ledger-page.js';
import { anException, aPage } from '../../support/store/ledger-pages.js';

const ids = [10, 20, 30, 40];
const exceptions = [anException({ i: 1, kind: 'failed' }), anException({ i: 0, kind: 'uncertain' })];

test.for([
  ['below settled without an entry', 2, 'sent'],
  ['with an entry', 1, 'failed'],
  ['with an entry published later', 0, 'uncertain'],
  ['between the marks', 3, 'pending'],
] as const)('a recipient %s', ([, i, status]) => {
  expect(recipientAt(aPage({ ids, settled: 3, claimed: 4, exceptions }), i)).toBe(status);
});

test('on a page closed by a cancel, recipients above the marks were never claimed', () => {
  const cut = aPage({ ids, settled: 2, claimed: 2, exceptions, done: true });
  expect(ids.map((_, i) => recipientAt(cut, i))).toEqual(['uncertain', 'failed', 'skipped', 'skipped']);
});

test('late evidence makes an uncertain recipient sent', () => {
  const late = [anException({ i: 0, kind: 'sent' })];
  expect(recipientAt(aPage({ ids, settled: 1, claimed: 1, exceptions: late }), 0)).toBe('sent');
});

test('enumerated: every recipient below settled has one fate, and none above it has any', () => {
  fc.assert(
    fc.property(fc.nat({ max: 4 }), fc.uniqueArray(fc.nat({ max: 3 })), (settled, places) => {
      const entries = places.filter((i) => i < settled).map((i) => anException({ i, kind: 'deferred' }));
      const all = ids.map((_, i) => recipientAt(aPage({ ids, settled, claimed: settled, exceptions: entries }), i));
      expect(all.filter((status) => status === 'deferred')).toHaveLength(entries.length);
      expect(all.filter((status) => status === 'sent')).toHaveLength(settled - entries.length);
      expect(all.filter((status) => status === 'pending')).toHaveLength(ids.length - settled);
    }),
  );
});
