import type { Collection, Filter } from 'mongodb';
import type { ExceptionKind, RecipientStatus, RetriedKind } from '../../domain/campaign/campaign.js';
import { isTaken, type LedgerPage } from '../../domain/campaign/ledger-page.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { type LaunchedCampaign, recipientOf } from './recipient-lookup.js';
import { mayHaveLeft, type RecipientOnPage, type RecipientPosition, recipientOnPage } from './recipient-status.js';
import { type CampaignTotals, campaignTotals, totalsOf } from './recipient-totals.js';
import { CUT } from './round-marks.js';

export interface CampaignRecipient extends RecipientOnPage {
  /** Null where the person was erased or the subscriber deleted. */
  readonly email: string | null;
}

export interface RecipientQuery {
  readonly account: number;
  readonly campaign: number;
  readonly status?: RecipientStatus;
  readonly after?: RecipientPosition;
  readonly limit: number;
}

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

    /** One recipient, found by the first ids of the pages; undefined: no stored page has them. */
    find: (campaign: LaunchedCampaign, subscriber: number): Promise<RecipientOnPage | undefined> =>
      recipientOf(pages, campaign, subscriber),

    /**
     * Recipients in the order of rounds and pages, each in the round that decides. Paging misses no recipient while the
     * campaign goes on: a retried recipient moves to a later position.
     */
    list: async (
      query: RecipientQuery,
    ): Promise<{ found: CampaignRecipient[]; next: RecipientPosition | undefined }> => {
      const reading = readRecipients(pages, query);
      const found: RecipientOnPage[] = [];
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

async function* readRecipients(pages: Collection<LedgerPage>, query: RecipientQuery): AsyncGenerator<RecipientOnPage> {
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
function* recipientsOn(page: LedgerPage, from: number, end: LastPage): Generator<RecipientOnPage> {
  const entries = new Map(page.exceptions.map((entry) => [entry.i, entry]));
  for (let i = from; i < page.n; i += 1) {
    const entry = entries.get(i);
    const next = entry?.next ?? null;
    if (next === null || !isWritten(next, page.ids[i] ?? 0, end))
      yield recipientOnPage(page, i, page.ids[i] ?? 0, entry);
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

async function emailsOf(
  subscribers: Collection<{ _id: number; account: number; email: string }>,
  account: number,
  found: readonly RecipientOnPage[],
): Promise<Map<number, string>> {
  const ids = found.map((one) => one.subscriber_id);
  const rows = subscribers.find({ _id: { $in: ids }, account }, { projection: { email: 1 } });
  return new Map((await rows.toArray()).map(({ _id, email }) => [_id, email]));
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
