import type { Collection } from 'mongodb';
import type { LedgerPage, PageException } from '../../domain/campaign/ledger-page.js';

/** Failures found before anything was offered to a server. */
const NEVER_OFFERED = ['render_error', 'eai_unsupported', 'invalid_address'];

/** Whether a claimed recipient's mail was offered to a server: sent, uncertain, in flight, or answered with a code. */
export function mayHaveLeft(entry: PageException | undefined): boolean {
  if (entry === undefined || entry.kind === 'sent' || entry.kind === 'uncertain') return true;
  return entry.kind !== 'skipped' && entry.code !== null && !NEVER_OFFERED.includes(entry.class);
}

/** For recipients that a later round took up: the rounds before it in which their mail was offered. */
export async function earlierAttempts(
  pages: Collection<LedgerPage>,
  { account, campaign }: { readonly account: number; readonly campaign: number },
  found: readonly { readonly round: number; readonly subscriber_id: number }[],
): Promise<Map<number, number>> {
  const rounds = new Map(found.flatMap((one) => (one.round > 0 ? [[one.subscriber_id, one.round] as const] : [])));
  const counts = new Map<number, number>();
  if (rounds.size === 0) return counts;
  const ids = [...rounds.keys()];
  const overlaps = {
    $and: [
      { $lte: [{ $arrayElemAt: ['$ids', 0] }, ids.reduce((one, other) => Math.max(one, other))] },
      { $gte: [{ $arrayElemAt: ['$ids', -1] }, ids.reduce((one, other) => Math.min(one, other))] },
    ],
  };
  for await (const page of pages.find({ account, campaign, 'exceptions.next': { $gt: 0 }, $expr: overlaps })) {
    for (const entry of page.exceptions) {
      const id = page.ids[entry.i] ?? 0;
      const earlier = page.round < (rounds.get(id) ?? 0);
      if (earlier && entry.next !== null && mayHaveLeft(entry)) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}
