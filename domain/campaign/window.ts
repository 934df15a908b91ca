import { KNOWN_BAD_DOMAIN } from '../delivery/bad-domain.js';
import type { Fate } from '../delivery/outcome.js';
import type { LedgerPage, PageException } from './ledger-page.js';

/** Fates known so far of the recipients between the marks, by their index on the page. */
export type Fates = ReadonlyMap<number, Fate>;

/** The lowest index without a fate: as far as `settled` may move (docs/architecture/protocol.md "Operations on a page"). */
export function lowestUnfinished(page: Pick<LedgerPage, 'settled' | 'claimed'>, fates: Fates): number {
  let place = page.settled;
  while (place < page.claimed && fates.has(place)) place++;
  return place;
}

/** How many more recipients may be claimed: claimed − settled never exceeds the window. */
export function claimCapacity(page: Pick<LedgerPage, 'claimed' | 'n'>, settled: number, window: number): number {
  return Math.max(0, Math.min(page.n, settled + window) - page.claimed);
}

/** The exceptions among the recipients that settle; a recipient without an entry is sent. */
export function exceptionsAmong(fates: Fates, from: number, to: number, at: Date): PageException[] {
  const exceptions: PageException[] = [];
  for (let i = from; i < to; i++) {
    const fate = fates.get(i);
    if (fate === undefined) throw new RangeError(`place ${i} settles without a fate`);
    if (fate.kind === 'sent') continue;
    exceptions.push({ i, ...fate, at, by: null, next: null });
  }
  return exceptions;
}

/** Whether a server's reply decided this fate. */
export function serverAnswered(fate: Fate): boolean {
  return fate.kind !== 'skipped' && (fate.kind === 'sent' || fate.rule !== KNOWN_BAD_DOMAIN);
}

/** Whether the server refuses the sender and not the recipient: the next recipient would be refused too. */
export function isSenderRefusal(fate: Fate): boolean {
  if (fate.kind !== 'failed' && fate.kind !== 'deferred') return false;
  return fate.scope === 'sender' && SENDER_REFUSAL_CLASSES.includes(fate.class);
}

const SENDER_REFUSAL_CLASSES: readonly string[] = ['auth_failure', 'invalid_sender'];

/** A refusal that concerns the transport and not the recipient. */
export function isTransportFailure(fate: Fate): boolean {
  return fate.kind === 'deferred' && (fate.scope === 'session' || fate.scope === 'infrastructure');
}
