import type { Collection, Filter } from 'mongodb';
import type { ExceptionKind, RecipientStatus, RetriedKind } from '../../domain/campaign/campaign.js';
import {
  CANCELLED_CLASS,
  isTaken,
  type LedgerPage,
  type PageException,
  recipientAt,
} from '../../domain/campaign/ledger-page.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { type CampaignTotals, campaignTotals, totalsOf } from './recipient-totals.js';
import { CUT } from './round-marks.js';

/** Position of a recipient in a campaign's pages, in their order. */
export interface RecipientPosition {
  readonly round: number;
  readonly page: number;
  readonly i: number;
}

export interface CampaignRecipient extends RecipientPosition {
  readonly subscriber_id: number;
  /** Null where the person was erased or the subscriber deleted. */
  readonly email: string | null;
  readonly status: RecipientStatus;
  readonly class: string | null;
  readonly reply: string | null;
  /** Rounds in which a mail to this recipient may have been sent. */
  readonly attempts: number;
  readonly updated_at: Date | null;
}

export interface RecipientQuery {
  readonly account: number;
  readonly campaign: number;
  readonly status?: RecipientStatus;
  readonly after?: RecipientPosition;
  readonly limit: number;
}

type Found = Omit<CampaignRecipient, 'email'>;

export type Recipients = ReturnType<typeof recipients>;

/** Recipients and their statuses, read from the ledger's pages only. */
export function recipients(store: Store) {
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  const subscribers = store.db.collection<{ _id: number; account: number; email: string }>('subscribers');
  return {
    /** Totals of a campaign's audience; zero before the freeze. */
    totals: async (account: number, campaign: number): Promise<CampaignTotals> =>
      (await campaignTotals(pages, account, [campaign])).get(campaign) ?? totalsOf([]),

    /** The same for several campaigns, read at once. */
    totalsOfMany: (account: number, campaigns: readonly number[]): Promise<Map<number, CampaignTotals>> =>
      campaignTotals(pages, account, campaigns),

    /** The campaigns among these of which a mail may have been sent. */
    withAnySent: async (account: number, campaigns: readonly number[]): Promise<Set<number>> =>
      new Set(await pages.distinct('campaign', { account, campaign: { $in: [...campaigns] }, claimed: { $gt: 0 } })),

    /** Whether a retry would have recipients: entries of these kinds that no round retries, among `ids` where given. */
    anyOpen: async (account: number, campaign: number, takes: readonly RetriedKind[], ids?: readonly number[]) => {
      const wanted = ids && new Set(ids);
      for await (const page of pages.find({ account, campaign, $or: mayHaveOpen(takes) })) {
        const found = openOn(page, takes);
        if (wanted === undefined ? found.length > 0 : found.some((i) => wanted.has(page.ids[i] ?? 0))) return true;
      }
      return false;
    },

    /**
     * Recipients in the order of rounds and pages, each in the round that decides. Paging misses no recipient while the
     * campaign goes on: a retried recipient moves to a later position.
     */
    list: async (
      query: RecipientQuery,
    ): Promise<{ found: CampaignRecipient[]; next: RecipientPosition | undefined }> => {
      const reading = readRecipients(pages, query);
      const found: Found[] = [];
      for await (const recipient of reading) {
        found.push(recipient);
        if (found.length > query.limit) break;
      }
      const shown = found.slice(0, query.limit);
      const [emails, earlier] = await Promise.all([
        emailsOf(subscribers, query.account, shown),
        earlierAttempts(pages, query, shown),
      ]);
      const complete = shown.map((one) => ({
        ...one,
        email: emails.get(one.subscriber_id) ?? null,
        attempts: one.attempts + (earlier.get(one.subscriber_id) ?? 0),
      }));
      return { found: complete, next: found.length > query.limit ? shown.at(-1) : undefined };
    },
  };
}

/** Pages that may have recipients whom a retry takes. */
function mayHaveOpen(takes: readonly RetriedKind[]): Filter<LedgerPage>[] {
  const kinds = takes.map((kind) => (kind === 'unsent' ? 'skipped' : kind));
  const withEntry = { exceptions: { $elemMatch: { kind: { $in: kinds }, next: null } } };
  return takes.includes('unsent') ? [withEntry, CUT] : [withEntry];
}

/** Indexes of the recipients whom a retry would take. */
function openOn({ exceptions, done, claimed, n }: LedgerPage, takes: readonly RetriedKind[]): number[] {
  const entries = exceptions.filter((entry) => entry.next === null && isTaken(entry, takes)).map(({ i }) => i);
  const unclaimed = done && takes.includes('unsent') ? Array.from({ length: n - claimed }, (_, k) => claimed + k) : [];
  return [...entries, ...unclaimed];
}

async function* readRecipients(pages: Collection<LedgerPage>, query: RecipientQuery): AsyncGenerator<Found> {
  const { account, campaign, status, after } = query;
  const [end] = await pages.find({ account, campaign }).sort({ round: -1, page: -1 }).limit(1).toArray();
  if (end === undefined) return;
  const later = after && { $or: [{ round: { $gt: after.round } }, { round: after.round, page: { $gte: after.page } }] };
  const holding = status === undefined ? {} : mayContain(status, end);
  const filter: Filter<LedgerPage> = { $and: [{ account, campaign }, later ?? {}, holding] };
  for await (const page of pages.find(filter).sort({ round: 1, page: 1 })) {
    const isFirst = page.round === after?.round && page.page === after.page;
    for (const recipient of recipientsOn(page, isFirst ? after.i + 1 : 0, end)) {
      if (status === undefined || recipient.status === status) yield recipient;
    }
  }
}

/** The last stored page. It shows which recipients have a page, because only the last round can be incomplete. */
type LastPage = Pick<LedgerPage, 'round' | 'last' | 'ids'>;

/** Recipients of one page, without those that have a page of a later round. */
function* recipientsOn(page: LedgerPage, from: number, end: LastPage): Generator<Found> {
  const entries = new Map(page.exceptions.map((entry) => [entry.i, entry]));
  for (let i = from; i < page.n; i += 1) {
    const entry = entries.get(i);
    const next = entry?.next ?? null;
    if (next === null || !isWritten(next, page.ids[i] ?? 0, end)) yield recipientFrom(page, i, entry);
  }
}

/** Ids ascend along the chain of a round. */
function isWritten(round: number, subscriber: number, end: LastPage): boolean {
  if (round !== end.round) return round < end.round;
  return end.last || subscriber <= (end.ids.at(-1) ?? 0);
}

/** Pages without such a recipient need not be read. */
function mayContain(status: RecipientStatus, end: LastPage): Filter<LedgerPage> {
  const openEntry = { exceptions: { $elemMatch: { kind: status as ExceptionKind, next: null } } };
  switch (status) {
    case 'pending':
      return { done: false };
    case 'sent':
      return { settled: { $gt: 0 } };
    case 'skipped':
      return { $or: [openEntry, CUT] };
    case 'deferred':
      // Also recipients of a later round that has no page for them yet.
      return { $or: [openEntry, { 'exceptions.next': { $gte: end.last ? end.round + 1 : end.round } }] };
    default:
      return openEntry;
  }
}

function recipientFrom(page: LedgerPage, i: number, entry: PageException | undefined): Found {
  const waiting = entry?.next != null;
  const status = waiting ? 'deferred' : (entry?.kind ?? recipientAt({ ...page, exceptions: [] }, i));
  const cut = entry === undefined && status === 'skipped';
  return {
    round: page.round,
    page: page.page,
    i,
    subscriber_id: page.ids[i] ?? 0,
    status,
    class: entry?.class ?? (cut ? CANCELLED_CLASS : null),
    reply: entry?.reply ?? null,
    attempts: i < page.claimed && mayHaveLeft(entry) ? 1 : 0,
    updated_at: entry?.at ?? settledAt(page, i),
  };
}

/** Sent recipients have no time of their own: the page's last write is the nearest. A released page has no such time. */
function settledAt(page: LedgerPage, i: number): Date | null {
  return i < page.settled && page.seen.getTime() > 0 ? page.seen : null;
}

async function emailsOf(
  subscribers: Collection<{ _id: number; account: number; email: string }>,
  account: number,
  found: readonly Found[],
): Promise<Map<number, string>> {
  const ids = found.map((one) => one.subscriber_id);
  const rows = subscribers.find({ _id: { $in: ids }, account }, { projection: { email: 1 } });
  return new Map((await rows.toArray()).map(({ _id, email }) => [_id, email]));
}

/** Failures found before anything was offered to a server. */
const NEVER_OFFERED = ['render_error', 'eai_unsupported', 'invalid_address'];

/** Whether a claimed recipient's mail was offered to a server: sent, uncertain, in flight, or answered with a code. */
function mayHaveLeft(entry: PageException | undefined): boolean {
  if (entry === undefined || entry.kind === 'sent' || entry.kind === 'uncertain') return true;
  return entry.kind !== 'skipped' && entry.code !== null && !NEVER_OFFERED.includes(entry.class);
}

/** For recipients that a later round took up: the rounds before it in which their mail was offered. */
async function earlierAttempts(
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
