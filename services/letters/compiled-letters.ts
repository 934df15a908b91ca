import { LRUCache } from 'lru-cache';
import type { Config } from '../../config.js';
import { Failure } from '../../domain/errors.js';
import { type CompiledLetter, compileLetter } from '../../mail/letter/compile.js';
import type { Letter, Tracking } from '../../mail/letter/letter.js';
import { destinationsOf } from '../../mail/letter/tracking.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Campaign, Sender } from '../../store/campaigns/row.js';
import type { Domains } from '../../store/domains/domains.js';
import type { List, Lists } from '../../store/lists/lists.js';
import type { Contents } from '../../store/messages/contents.js';
import type { Links } from '../../store/tracking/links.js';
import { bounceDomainFor, launchSender } from '../sender.js';

export interface LetterStores {
  readonly accounts: Accounts;
  readonly lists: Lists;
  readonly links: Links;
  readonly contents: Contents;
  readonly domains: Domains;
  readonly config: Config;
}

export type Letters = ReturnType<typeof compiledLetters>;

const CACHE_SIZE = 8;

/** The compiled letters of launches; keeps the most recently used ones. */
export function compiledLetters(stores: LetterStores) {
  const cache = new LRUCache<string, Promise<CompiledLetter>>({ max: CACHE_SIZE });
  return {
    senderOf: (campaign: Campaign): Promise<Sender> => launchSender(stores, campaign),

    of: (campaign: Campaign): Promise<CompiledLetter> => {
      const key = `${campaign._id}:${campaign.launch}:${campaign.pinned}`;
      const letter = cache.get(key) ?? compile(stores, campaign);
      cache.set(key, letter);
      letter.catch(() => cache.delete(key));
      return letter;
    },
  };
}

async function compile(stores: LetterStores, campaign: Campaign): Promise<CompiledLetter> {
  const list = await stores.lists.find(campaign.account, campaign.list_id);
  if (typeof list === 'string') throw new Error(`campaign ${campaign._id} has no list any more`);
  const from = await launchSender(stores, campaign);
  const { listName, ...content } = await contentOf(stores, campaign, list);
  const letter = {
    account: campaign.account,
    campaign: campaign._id,
    ...content,
    from,
    list: { id: list._id, uid: list.uid, name: listName },
    publicUrl: stores.config.publicUrl,
    bounceDomain: await bounceDomainFor(stores, campaign.account, from.email),
    boundarySeed: campaign.seed,
  };
  const tracked = { ...letter, ...(await trackingOf(stores, campaign, letter)) };
  try {
    return compileLetter(tracked);
  } catch (error) {
    // The same letter would fail at every attempt.
    throw new UnsendableLetter(faultOf(error));
  }
}

/** A rendered letter that cannot be compiled. The message names the field and the fault. */
export class UnsendableLetter extends Error {
  override readonly name = 'UnsendableLetter';
}

function faultOf(error: unknown): string {
  if (!(error instanceof Failure)) return error instanceof Error ? error.message : String(error);
  const faults = Object.entries(error.errors ?? {}).map(([field, sentences]) => `${field}: ${sentences.join(' ')}`);
  return faults.join('; ') || error.message;
}

/** The letter rendered at the launch; the campaign's own content where none was rendered. */
export async function contentOf({ contents }: Pick<LetterStores, 'contents'>, campaign: Campaign, list: List) {
  const { account, rendered, subject, preheader, html, text, reply_to } = campaign;
  if (rendered == null) {
    return { subject, preheader, html, text, replyTo: reply_to ?? list.defaults.reply_to, listName: list.name };
  }
  const letter = await contents.letter(account, rendered);
  const body = { html: letter.html, text: letter.text, textLinks: letter.text_links };
  const content = { subject: letter.subject, preheader: null, ...body };
  return { ...content, replyTo: letter.reply_to, listName: letter.list };
}

/** The tracking of a campaign's letter by the settings of campaign and account. Its links are stored before it is used. */
async function trackingOf(
  { accounts, links }: LetterStores,
  { _id: id, account, settings }: Campaign,
  letter: Letter,
): Promise<{ readonly tracking?: Tracking }> {
  const { track_opens: opens, track_clicks: clicks } = settings;
  if (!opens && !clicks) return {};
  if ((await accounts.find(account))?.track === false) return {};
  const numbers = await links.number({ kind: 'campaign', account, id }, clicks ? destinationsOf(letter) : []);
  return { tracking: { opens, links: clicks ? numbers : new Map() } };
}
