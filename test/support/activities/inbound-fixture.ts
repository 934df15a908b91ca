import { randomBytes } from 'node:crypto';
import { type InboundDeps, sweepInbound } from '../../../activities/inbound/sweep.js';
import type { PageException } from '../../../domain/campaign/ledger-page.js';
import { messageIdOf } from '../../../mail/letter/compile.js';
import { returnPaths } from '../../../mail/tokens/return-path.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { uncertainRecipients } from '../../../store/campaigns/uncertain-recipients.js';
import { events } from '../../../store/events/events.js';
import { inbound } from '../../../store/inbound/inbound.js';
import { messages } from '../../../store/messages/messages.js';
import { messageProgress } from '../../../store/messages/progress.js';
import { majorityCollection, type Store } from '../../../store/mongo/connect.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import type { AboutMail } from '../mail/reports.js';
import { aDraft } from '../store/campaigns.js';
import { aPage, insertPages } from '../store/ledger-pages.js';

const KEY = { kid: 1, key: randomBytes(32), current: true };
export const paths = returnPaths([KEY]);

/** What the sweep of reports needs, over an open store. */
export function inboundDeps(store: Store, over: Partial<InboundDeps> = {}): InboundDeps {
  return {
    inbound: inbound(store),
    campaigns: campaigns(store),
    events: events(store),
    guard: async () => undefined,
    uncertainRecipients: uncertainRecipients(store),
    messages: messages(store),
    messageProgress: messageProgress(store, 60_000),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    linkKeys: { ring: async () => [KEY] },
    readableFor: 86_400_000,
    web: { send: async () => ({ kind: 'failed', why: 'connection', ms: 0 }) },
    times: { lease: 60_000 },
    log: { warn: () => undefined },
    ...over,
  };
}

export interface SentCampaign {
  readonly campaign: Campaign;
  readonly readers: readonly number[];
  /** Of the mail to reader `i`. */
  about(i: number): AboutMail;
  emailKey(i: number): string;
}

/** A campaign that went out to `readers` on pages of two; `exceptions` by the reader's place in the list. */
export async function aSentCampaign(
  store: Store,
  readers: number,
  exceptions: readonly PageException[] = [],
): Promise<SentCampaign> {
  const draft = await aDraft(store, readers);
  const ran = { state: 'sent' as const, launch: 1, round: 0, rounds: [{ takes: [], due: draft.created_at }] };
  const campaign: Campaign = { ...draft, ...ran };
  await majorityCollection<Campaign>(store, 'campaigns').updateOne({ _id: draft._id }, { $set: ran });
  const rows = await store.db
    .collection<{ _id: number }>('subscribers')
    .find({ list_id: draft.list_id })
    .sort({ _id: 1 })
    .toArray();
  const ids = rows.map(({ _id }) => _id);
  const pages = Array.from({ length: Math.ceil(readers / 2) }, (_, page) => {
    const here = ids.slice(page * 2, page * 2 + 2);
    const entries = exceptions
      .filter(({ i }) => Math.floor(i / 2) === page)
      .map((entry) => ({ ...entry, i: entry.i % 2 }));
    const marks = { settled: here.length, claimed: here.length, published: entries.length, done: true };
    return aPage({
      account: draft.account,
      campaign: draft._id,
      page,
      ids: here,
      exceptions: entries,
      last: page * 2 + 2 >= readers,
      ...marks,
    });
  });
  await insertPages(store, pages);
  const letter = { boundarySeed: draft.seed, campaign: draft._id };
  return {
    campaign,
    readers: ids,
    about: (i) => ({
      returnPath: `${paths.forRecipient(draft._id, ids[i] ?? 0)}@bounce.acme.example`,
      messageId: messageIdOf({ letter, sender: { domain: 'acme.example' } }, ids[i] ?? 0).slice(1, -1),
      address: `reader${ids[i]}@example.test`,
    }),
    emailKey: (i) => `reader${ids[i]}@example.test`,
  };
}

/** Hands a raw mail in and lets the sweep read it; answers its verdict. */
export async function readReport(store: Store, raw: Buffer, to: readonly string[] = [], account: number | null = null) {
  const id = await inbound(store).saveMail(account, raw, to);
  await sweepInbound(inboundDeps(store));
  return (await inbound(store).find(id))?.verdict;
}

/** Types of the events about a campaign's recipient. */
export async function eventTypesOf(store: Store, { campaign, readers }: SentCampaign, i: number): Promise<string[]> {
  const found = store.db
    .collection<{ type: string }>('events')
    .find({ campaign: campaign._id, subscriber: readers[i] ?? 0 });
  return (await found.sort({ type: 1 }).toArray()).map(({ type }) => type);
}

export async function suppressedAmong(store: Store, { campaign, readers }: SentCampaign): Promise<number[]> {
  const keys = readers.map((id) => `reader${id}@example.test`);
  const found = await suppressions(store).among(campaign.account, keys);
  return readers.map((_, i) => i).filter((i) => found.has(keys[i] ?? ''));
}
