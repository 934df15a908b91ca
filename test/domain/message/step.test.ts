import { expect, test } from 'vitest';
import type { Fate } from '../../../domain/delivery/outcome.js';
import { type AttemptFacts, stepAfter, stepOfLostOwner, stepOfRefusal } from '../../../domain/message/step.js';

const at = new Date('2026-05-15T09:00:00Z');
const facts = (over: Partial<AttemptFacts> = {}): AttemptFacts => {
  return { n: 1, at, mayResend: false, inDoubt: false, firstRetry: 60_000, chance: 0.5, ...over };
};
const exceptionFate = (kind: 'failed' | 'deferred' | 'uncertain'): Fate => {
  return { kind, class: 'why', scope: 'message', code: '4.2.1', reply: 'what it said' };
};
const seconds = (due: Date | undefined) => ((due?.getTime() ?? 0) - at.getTime()) / 1_000;

test('accepted: sent, with the code of the reply', () => {
  const step = stepAfter({ kind: 'sent', reply: '250 2.0.0 queued' }, facts());
  expect(step).toMatchObject({ state: 'sent', entry: { outcome: 'sent', code: '250', reply: '250 2.0.0 queued' } });
  expect(step.due).toBeUndefined();
});

test.each([
  [1, undefined, 60],
  [2, undefined, 300],
  [7, undefined, 43_200],
  [20, undefined, 43_200],
  [1, 5_000, 5],
  [3, 5_000, 5],
  [4, 5_000, 3_600],
  [2, 7_200_000, 7_200],
])('refused for now, attempt %i, asked to wait %s ms: again after %i s', (n, asked, wait) => {
  const step = stepAfter(exceptionFate('deferred'), facts({ n, requestedDelay: asked }));
  expect(step).toMatchObject({ state: 'deferred', entry: { n, outcome: 'deferred', next: step.due?.toISOString() } });
  expect(seconds(step.due)).toBe(wait);
});

test('an uncertain outcome is final unless a re-send is requested', () => {
  expect(stepAfter(exceptionFate('uncertain'), facts())).toMatchObject({ state: 'uncertain', entry: { next: null } });
  const again = stepAfter(exceptionFate('uncertain'), facts({ mayResend: true }));
  expect(again).toMatchObject({ state: 'deferred', resends: true, entry: { outcome: 'uncertain' } });
  expect(seconds(again.due)).toBe(60);
});

test('a lost owner makes the attempt uncertain; a re-send waits until the first mail can no longer be answered', () => {
  expect(stepOfLostOwner(facts(), 900_000)).toMatchObject({ state: 'uncertain', entry: { class: 'owner_lost' } });
  expect(seconds(stepOfLostOwner(facts({ mayResend: true }), 900_000).due)).toBe(900);
});

test('a permanent refusal fails the message; after an uncertain attempt it stays uncertain', () => {
  expect(stepAfter(exceptionFate('failed'), facts())).toMatchObject({ state: 'failed', entry: { outcome: 'failed' } });
  expect(stepAfter(exceptionFate('failed'), facts({ inDoubt: true }))).toMatchObject({ state: 'uncertain' });
  const why = { class: 'expired', code: null, reply: null };
  expect(stepOfRefusal(facts(), why).state).toBe('failed');
  expect(stepOfRefusal(facts({ inDoubt: true }), why).state).toBe('uncertain');
});
