import { setTimeout as pause } from 'node:timers/promises';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import type { Campaign } from '../../store/campaigns/row.js';
import { machineTime } from '../harness/machine-time.js';
import type { Sink } from '../receiver/sink.js';
import { untracked as letter } from '../sender/shop-letter.js';
import { type PerProcess, type Product, perProcess } from './product.js';

/** One campaign; durations in milliseconds. */
export interface CampaignRun {
  readonly campaign: number;
  /** From the request to the first mail at the receiver. */
  readonly firstMail: number;
  /** From the request until the audience is frozen. */
  readonly frozen: number;
  /** From the request until the campaign is `sent`. */
  readonly total: number;
  /** Mails a second between the first and the last mail at the receiver. */
  readonly sendRate: number;
  /** CPU milliseconds of each process from the request until `sent`. */
  readonly cpu: PerProcess;
}

/** How often the receiver is read: before the first mail, and after it. The row is read as often as after it. */
const BEFORE_MS = 2;
const AFTER_MS = 20;

/** Sends the shop's letter to everybody on the list, tracked, and measures it from outside. */
export async function runCampaign(
  product: Product,
  sink: Sink,
  list: number,
  recipients: number,
): Promise<CampaignRun> {
  const { subject, html } = letter;
  const settings = { track_opens: true, track_clicks: true };
  const draft = { list_id: list, subject, html, settings };
  const { id: campaign } = await product.call<{ id: number }>('POST', '/campaigns', draft);
  const [before, cpu] = [await sink.count(), product.cpu()];
  const begun = machineTime();
  const over = new AbortController();
  const arrivals = arriving(sink, before, recipients, over.signal);
  const request = product.call('POST', `/campaigns/${campaign}/send`, {});
  const progress = untilSent(product, campaign).finally(() => over.abort());
  const [{ first, last }, { frozen, sent }] = await Promise.all([arrivals, progress, request]);
  const after = product.cpu();
  return {
    campaign,
    firstMail: first.at - begun,
    frozen: frozen - begun,
    total: sent - begun,
    sendRate: ((recipients - first.count) * 1_000) / (last - first.at),
    cpu: perProcess((name) => after[name] - cpu[name]),
  };
}

/** The first and the last mail of a campaign at the receiver; `before` mails of others are there already. */
async function arriving(sink: Sink, before: number, mails: number, over: AbortSignal) {
  let first: { readonly at: number; readonly count: number } | undefined;
  for (;;) {
    const isOver = over.aborted;
    const count = (await sink.count()) - before;
    const at = machineTime();
    if (count > 0) first ??= { at, count };
    if (count >= mails && first !== undefined) return { first, last: at };
    if (isOver) throw new Error(`the receiver has ${count} of ${mails} mails`);
    await pause(first === undefined ? BEFORE_MS : AFTER_MS);
  }
}

/** When the last page of the audience was stored, and when the campaign was sent, as its row says. */
async function untilSent({ store }: Product, campaign: number) {
  const rows = store.db.collection<Campaign>('campaigns');
  const pages = store.db.collection<LedgerPage>('ledger');
  let frozen: number | undefined;
  for (;;) {
    const row = await rows.findOne({ _id: campaign }, { projection: { state: 1, reason: 1 } });
    const at = machineTime();
    if (frozen === undefined && (await pages.countDocuments({ campaign, round: 0, last: true })) > 0) frozen = at;
    if (row?.state === 'sent') return { frozen: frozen ?? at, sent: at };
    if (row?.state === 'failed' || row?.state === 'paused')
      throw new Error(`the campaign is ${row.state}: ${row.reason}`);
    await pause(AFTER_MS);
  }
}
