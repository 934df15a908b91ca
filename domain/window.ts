import { REMEMBERED } from './bad-domain.js';
import type { Fate } from './outcome.js';
import type { LedgerPage, OddEntry } from './page.js';

/** Fates known so far of the recipients between the marks, by their place on the page. */
export type Fates = ReadonlyMap<number, Fate>;

/** The lowest place without a fate: as far as `settled` may move (PROTOCOL "advance"). */
export function lowestUnfinished(page: Pick<LedgerPage, 'settled' | 'claimed'>, fates: Fates): number {
  let place = page.settled;
  while (place < page.claimed && fates.has(place)) place++;
  return place;
}

/** How many more recipients may be claimed: claimed − settled never exceeds the window. */
export function roomToClaim(page: Pick<LedgerPage, 'claimed' | 'n'>, settled: number, window: number): number {
  return Math.max(0, Math.min(page.n, settled + window) - page.claimed);
}

/** The exceptions among the recipients that settle: whoever has no entry is sent. */
export function oddOnes(fates: Fates, from: number, to: number, at: Date): OddEntry[] {
  const odd: OddEntry[] = [];
  for (let i = from; i < to; i++) {
    const fate = fates.get(i);
    if (fate === undefined) throw new RangeError(`place ${i} settles without a fate`);
    if (fate.kind === 'sent') continue;
    odd.push({ i, ...fate, at, by: null, next: null });
  }
  return odd;
}

/** A server had a say in it. */
export function wasAsked(fate: Fate): boolean {
  return fate.kind !== 'skipped' && (fate.kind === 'sent' || fate.rule !== REMEMBERED);
}

/** The server will have nothing from this sender: no recipient is to blame, and the next one fares no better. */
export function blamesTheSender(fate: Fate): boolean {
  if (fate.kind !== 'failed' && fate.kind !== 'deferred') return false;
  return fate.scope === 'sender' && STOPS_THE_SEND.includes(fate.class);
}

const STOPS_THE_SEND: readonly string[] = ['auth_failure', 'invalid_sender'];

/** A refusal that says more about the way than about the recipient. */
export function blamesTheTransport(fate: Fate): boolean {
  return fate.kind === 'deferred' && (fate.scope === 'session' || fate.scope === 'infrastructure');
}
