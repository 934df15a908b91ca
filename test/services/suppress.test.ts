import { expect, test } from 'vitest';
import { applyRefusal } from '../../services/suppress.js';
import { subscribers } from '../../store/subscribers/subscribers.js';
import { suppressions } from '../../store/suppressions/suppressions.js';
import { ownStore } from '../support/store/own-store.js';

const store = ownStore();
const ACCOUNT = 1;
const OTHER = 2;

test('soft bounces suppress an address after days, and retries of one day count once', async () => {
  const stores = { subscribers: subscribers(store), suppressions: suppressions(store) };
  const bounce = (account: number, name: string, reason: string, day: string) => {
    const refusal = { kind: 'deferred', class: reason, reply: '452 4.2.2 over quota', at: new Date(`2026-05-${day}Z`) };
    return applyRefusal(stores, { account, emailKey: `${name}@example.com` }, refusal);
  };
  const suppressed = async () => [
    ...(await stores.suppressions.among(ACCOUNT, ['full@example.com', 'off@example.com'])),
  ];
  for (const day of ['01T08:00', '01T09:00', '02T08:00', '03T08:00', '04T08:00', '14T08:00']) {
    await bounce(ACCOUNT, 'full', 'mailbox_full', day);
  }
  expect(await suppressed()).toEqual([]);
  await bounce(ACCOUNT, 'full', 'mailbox_full', '15T08:00');
  await bounce(ACCOUNT, 'full', 'mailbox_full', '15T08:00');
  expect(await suppressed()).toEqual(['full@example.com']);
  await bounce(ACCOUNT, 'off', 'mailbox_disabled', '01T20:00');
  await bounce(OTHER, 'off', 'mailbox_disabled', '03T20:00');
  expect(await suppressed()).toEqual(['full@example.com']);
});
