import type { Waiting, WaitingReason } from '../../domain/waiting/waiting.js';
import type { Stores } from '../../store/stores.js';
import { type CampaignWaitingStores, campaignsWaiting } from './campaigns-waiting.js';
import { issuesWaiting } from './issues-waiting.js';
import { type MessageWaitingStores, messagesWaiting } from './messages-waiting.js';

export type WaitingTotalsStores = CampaignWaitingStores &
  MessageWaitingStores &
  Pick<Stores, 'backlog' | 'campaigns' | 'messages'>;

export const WAITING_KINDS = ['campaign', 'message', 'issue'] as const;
type WaitingKind = (typeof WAITING_KINDS)[number];

/** How many of a kind wait for the same reason, and the one that has waited longest. */
export interface WaitingTotal {
  readonly kind: WaitingKind;
  readonly reason: WaitingReason;
  readonly count: number;
  readonly id: string;
  readonly waiting: Waiting;
}

/**
 * What waits in an account, or in all of them, by kind and reason. An issue counts until its campaign is launched. Messages
 * are read as groups, each judged by the one that is due first.
 */
export async function waitingTotals(stores: WaitingTotalsStores, account?: number): Promise<WaitingTotal[]> {
  const [campaigns, issues, groups] = await Promise.all([
    stores.backlog.campaigns(account),
    stores.backlog.issues(account),
    stores.backlog.messages(account),
  ]);
  const found: WaitingTotal[] = [];
  const add = (kind: WaitingKind, id: string | number, waiting: Waiting, count = 1) =>
    found.push({ kind, reason: waiting.reason, count, id: `${id}`, waiting });
  for (const [owner, rows] of byAccount(campaigns)) {
    for (const [id, waiting] of await campaignsWaiting(stores, owner, rows)) add('campaign', id, waiting);
  }
  for (const [owner, rows] of byAccount(issues)) {
    for (const [id, waiting] of await issuesWaiting(stores, owner, rows)) add('issue', id, waiting);
  }
  for (const [owner, own] of byAccount(groups)) {
    const counts = new Map(own.map(({ first, count }) => [first, count]));
    const rows = await stores.messages.findMany(owner, [...counts.keys()]);
    for (const [id, waiting] of await messagesWaiting(stores, owner, rows)) add('message', id, waiting, counts.get(id));
  }
  return merged(found);
}

function byAccount<T extends { readonly account: number }>(rows: readonly T[]): ReadonlyMap<number, T[]> {
  const found = new Map<number, T[]>();
  for (const row of rows) found.set(row.account, [...(found.get(row.account) ?? []), row]);
  return found;
}

/** One total for each kind and reason, those that wait longest first. */
function merged(totals: readonly WaitingTotal[]): WaitingTotal[] {
  const found = new Map<string, WaitingTotal>();
  for (const total of totals.toSorted((a, b) => +a.waiting.since - +b.waiting.since)) {
    const key = `${total.kind} ${total.reason}`;
    const longest = found.get(key) ?? { ...total, count: 0 };
    found.set(key, { ...longest, count: longest.count + total.count });
  }
  return [...found.values()];
}
