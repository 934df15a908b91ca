import { expect, test } from 'vitest';
import { buckets } from '../../../store/transports/token-buckets.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const level = async (key: string) =>
  (await store.db.collection<{ _id: string; level: number }>('buckets').findOne({ _id: key }))?.level ?? 0;
/** A bucket at this level, which refills only from its next read on. */
const bucket = async (key: string, perSecond: number, level: number) => {
  const at = new Date(Date.now() + 60_000);
  const rows = store.db.collection<{ _id: string }>('buckets');
  await rows.updateOne({ _id: key }, { $set: { level, at } }, { upsert: true });
  return { key, perSecond };
};

test('messages may take tokens in advance, campaigns then wait', async () => {
  // So slow that no token is added during the test: one takes 100 seconds.
  const scope = { key: 'transport:ahead', perSecond: 0.01 };
  const { lease } = buckets(store);
  expect((await lease([scope], 5)).tokens).toBe(0);
  const ahead = { ...scope, ahead: 20 };
  expect((await lease([ahead], 5)).tokens).toBe(5);
  expect((await lease([ahead], 100)).tokens).toBe(15);
  const campaign = await lease([scope], 5);
  expect(campaign.tokens).toBe(0);
  expect(campaign.wait).toBeGreaterThan(20 * 100_000);
});

test('the scarcest of several limits decides, and the others get their surplus back', async () => {
  const wide = await bucket('account:wide', 400, 100);
  const narrow = await bucket('transport:narrow', 40, 10);
  expect(await buckets(store).lease([wide, narrow], 50)).toEqual({ tokens: 10, wait: 0 });
  expect([await level(wide.key), await level(narrow.key)]).toEqual([90, 0]);
});

test('where one limit grants nothing, no other loses a token', async () => {
  const wide = await bucket('account:wide', 400, 100);
  const empty = await bucket('transport:empty', 40, 0);
  expect((await buckets(store).lease([wide, empty], 50)).tokens).toBe(0);
  expect(await level(wide.key)).toBe(100);
});
