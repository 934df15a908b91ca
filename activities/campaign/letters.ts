import { LRUCache } from 'lru-cache';
import type { Config } from '../../config.js';
import { type CompiledLetter, compileLetter } from '../../mail/letter/compile.js';
import type { Letter } from '../../mail/letter/letter.js';
import { destinationsOf } from '../../mail/letter/tracking.js';
import { type BounceDomainStores, bounceDomainFor, launchSender } from '../../services/sender.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Campaign, Sender } from '../../store/campaigns/row.js';
import type { List, Lists } from '../../store/lists/lists.js';
import type { Contents } from '../../store/messages/contents.js';
import type { Links } from '../../store/tracking/links.js';

export interface LetterDeps {
  readonly accounts: Accounts;
  readonly lists: Lists;
  readonly links: Pick<Links, 'number'>;
  readonly contents: Pick<Contents, 'letter'>;
  readonly domains: BounceDomainStores['domains'];
  readonly config: Pick<Config, 'publicUrl' | 'mailFrom' | 'bounceDomain'>;
}

export type Letters = ReturnType<typeof compiledLetters>;

const CACHE_SIZE = 8;

/** Cache of compiled letters of the campaigns that this process sends; drops the least recently used. */
export function compiledLetters(deps: LetterDeps) {
  const cache = new LRUCache<string, Promise<CompiledLetter>>({ max: CACHE_SIZE });
  return {
    senderOf: (campaign: Campaign): Promise<Sender> => launchSender(deps, campaign),

    of: (campaign: Campaign): Promise<CompiledLetter> => {
      const key = `${campaign._id}:${campaign.launch}:${campaign.pinned}`;
      const letter = cache.get(key) ?? compile(deps, campaign);
      cache.set(key, letter);
      letter.catch(() => cache.delete(key));
      return letter;
    },
  };
}

async function compile(deps: LetterDeps, campaign: Campaign): Promise<CompiledLetter> {
  const list = await deps.lists.find(campaign.account, campaign.list_id);
  if (typeof list === 'string') throw new Error(`campaign ${campaign._id} has no list any more`);
  const from = await launchSender(deps, campaign);
  const { listName, ...content } = await contentOf(deps, campaign, list);
  const letter = {
    account: campaign.account,
    campaign: campaign._id,
    ...content,
    from,
    list: { id: list._id, uid: list.uid, name: listName },
    publicUrl: deps.config.publicUrl,
    bounceDomain: await bounceDomainFor(deps, campaign.account, from.email),
    boundarySeed: campaign.seed,
  };
  return compileLetter({ ...letter, ...(await trackingOf(deps, campaign, letter)) });
}

/** The letter rendered at the launch; the campaign's own content where none was rendered. */
async function contentOf({ contents }: LetterDeps, campaign: Campaign, list: List) {
  const { account, rendered, subject, preheader, html, text, reply_to } = campaign;
  if (rendered == null) {
    return { subject, preheader, html, text, replyTo: reply_to ?? list.defaults.reply_to, listName: list.name };
  }
  const letter = await contents.letter(account, rendered);
  const content = { subject: letter.subject, preheader: null, html: letter.html, text: letter.text };
  return { ...content, replyTo: letter.reply_to, listName: letter.list };
}

interface LetterTrackingDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly links: Pick<Links, 'number'>;
}

/** The tracking of a campaign's letter by the settings of campaign and account. Its links are stored before it is used. */
export async function trackingOf(
  { accounts, links }: LetterTrackingDeps,
  { _id: id, account, settings }: Pick<Campaign, '_id' | 'account' | 'settings'>,
  letter: Letter,
): Promise<Pick<Letter, 'tracking'>> {
  const { track_opens: opens, track_clicks: clicks } = settings;
  if (!opens && !clicks) return {};
  if ((await accounts.find(account))?.track === false) return {};
  const numbers = await links.number({ kind: 'campaign', account, id }, clicks ? destinationsOf(letter) : []);
  return { tracking: { opens, links: clicks ? numbers : new Map() } };
}
