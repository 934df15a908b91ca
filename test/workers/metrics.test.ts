import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { now } from '../../clock.js';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import { type MessageStep, stepOfLostOwner, stepOfRefusal, stepOfWaiting } from '../../domain/message/step.js';
import { ledger } from '../../store/campaigns/ledger.js';
import { messageProgress } from '../../store/messages/progress.js';
import { countedLedger, countedProgress, mailMetrics } from '../../workers/metrics.js';
import { anException, aPage, insertPages } from '../support/store/ledger-pages.js';
import { anAcceptedMessage } from '../support/store/messages.js';
import { ownStore } from '../support/store/own-store.js';

const LEASE = 60_000;
/** Every owner counts as dead. */
const GONE = -1_000;
const alive = () => true;
const store = ownStore();
let campaign = 0;

function someFigures() {
  const registry = new Registry();
  const figures = mailMetrics(registry);
  const mails = async () => {
    const { values = [] } = (await registry.getSingleMetric('everpost_mails_total')?.get()) ?? {};
    return Object.fromEntries(
      values
        .filter(({ value }) => value > 0)
        .map(({ labels, value }) => [`${labels['kind']} ${labels['outcome']}`, value]),
    );
  };
  return { registry, figures, mails };
}

const laid = async (fields: Partial<LedgerPage> = {}) => {
  campaign += 1;
  const page = aPage({ account: 7, campaign, ids: [10, 20, 30, 40], ...fields });
  await insertPages(store, [page]);
  return { account: 7, campaign, launch: 1, round: 0 };
};

test('all metrics exist from the start, and no others', async () => {
  const { registry, figures } = someFigures();
  const before = await registry.metrics();
  for (const outcome of ['sent', 'deferred', 'failed', 'uncertain']) {
    for (const kind of ['campaign', 'message']) {
      expect(before).toContain(`everpost_mails_total{kind="${kind}",outcome="${outcome}"} 0`);
    }
  }
  for (const step of ['connect', 'mail']) expect(before).toContain(`everpost_smtp_seconds_count{step="${step}"} 0`);
  figures.duration('mail', 40);
  figures.duration('mail', 90_000);
  const after = await registry.metrics();
  expect(after).toContain('everpost_smtp_seconds_bucket{le="0.025",step="mail"} 0');
  expect(after).toContain('everpost_smtp_seconds_bucket{le="0.05",step="mail"} 1');
  expect(after).toContain('everpost_smtp_seconds_bucket{le="300",step="mail"} 2');
  expect(after.split('\n').length).toBe(before.split('\n').length);
});

test('an error in the metrics loses no mail', async () => {
  const { figures, mails } = someFigures();
  for (const nonsense of [-1, Number.NaN]) figures.campaign('sent', nonsense);
  figures.duration('mail', Number.NaN);
  expect(await mails()).toEqual({});
});

test('a window is counted once when it settles, with its exceptions, and not where the page was lost', async () => {
  const { figures, mails } = someFigures();
  const counted = countedLedger(ledger(store, LEASE), figures.campaign);
  const page = await counted.take(await laid(), 'mine', alive);
  if (page === undefined) throw new Error('the page was free');
  const claimed = { ...page, claimed: 4 };
  await counted.advance(page, { settled: 0, claimed: 4, published: 0, exceptions: [] }, alive);
  expect(await mails()).toEqual({});
  const exceptions = [anException({ i: 0, kind: 'deferred' }), anException({ i: 2, kind: 'skipped' })];
  const step = { settled: 3, claimed: 4, published: 0, exceptions: exceptions };
  await counted.advance(claimed, step, alive);
  const settled = { 'campaign sent': 1, 'campaign deferred': 1, 'campaign skipped': 1 };
  expect(await mails()).toEqual(settled);
  await counted.advance({ ...claimed, ...step }, { ...step, published: 2, exceptions: [] }, alive);
  await counted.advance({ ...claimed, ...step, token: 'another' }, { ...step, settled: 4, exceptions: [] }, alive);
  expect(await mails()).toEqual(settled);
});

test('recipients that a lost owner left uncertain are counted once, when the page is taken or swept', async () => {
  const { figures, mails } = someFigures();
  const counted = countedLedger(ledger(store, GONE), figures.campaign);
  const before = anException({ i: 0, kind: 'uncertain', class: 'owner_lost' });
  const key = await laid({ token: 'gone', settled: 1, claimed: 3, exceptions: [before] });
  await counted.take(key, 'mine', alive);
  expect(await mails()).toEqual({ 'campaign uncertain': 2 });
  await counted.take(key, 'another', alive);
  expect(await mails()).toEqual({ 'campaign uncertain': 2 });
  const other = await laid({ token: 'gone', settled: 1, claimed: 2 });
  await counted.sweep(other.account, other.campaign);
  expect(await mails()).toEqual({ 'campaign uncertain': 3 });
});

test('each written entry of a message’s timeline is counted; an entry that was not written is not', async () => {
  const { figures, mails } = someFigures();
  const counted = countedProgress(messageProgress(store, GONE), figures.message);
  const why = { class: 'why', code: null, reply: null };
  const at = now();
  const refusal = stepOfRefusal({ n: 1, at, inDoubt: false }, why);
  const sent: MessageStep = { state: 'sent', entry: { ...refusal.entry, outcome: 'sent' } };
  const claimed = async () => {
    const row = await anAcceptedMessage(store);
    await counted.claim(row, 'mine', alive);
    return { ...row, state: 'sending' as const, attempt: 1, token: 'mine' };
  };
  const mine = await claimed();
  expect(await counted.settle(mine, 'another', sent, alive)).toBe('lost');
  expect(await mails()).toEqual({});
  await counted.settle(mine, 'mine', sent, alive);
  await counted.takeOver(mine, stepOfLostOwner({ n: 1, at, mayResend: false }, 0));
  await counted.refuse(await anAcceptedMessage(store), refusal);
  await counted.expire(await anAcceptedMessage(store, { expires_at: at }), refusal);
  await counted.postpone(await anAcceptedMessage(store), stepOfWaiting({ n: 1, at }, why, 1_000));
  // An uncertain attempt that is repeated counts as uncertain, although its message waits.
  await counted.takeOver(await claimed(), stepOfLostOwner({ n: 1, at, mayResend: true }, 0));
  expect(await mails()).toEqual({
    'message sent': 1,
    'message failed': 2,
    'message deferred': 1,
    'message uncertain': 1,
  });
});

test('without metrics the stores are not wrapped', () => {
  const [plain, progress] = [ledger(store, LEASE), messageProgress(store, LEASE)];
  expect([countedLedger(plain, undefined), countedProgress(progress, undefined)]).toEqual([plain, progress]);
});
