import type { Config } from '../config.js';
import { parseSender } from '../mail/address.js';
import { type CompiledLetter, compileLetter } from '../mail/compile.js';
import type { Accounts } from '../store/accounts.js';
import type { Campaign } from '../store/campaigns.js';
import type { List, Lists } from '../store/lists.js';

export interface LetterDeps {
  readonly accounts: Accounts;
  readonly lists: Lists;
  readonly config: Pick<Config, 'publicUrl' | 'mailFrom'>;
}

export type Letters = ReturnType<typeof compiledLetters>;

const KEPT = 8;

/** Compiled letters of the campaigns this process is sending: each compiled once, the longest unused forgotten. */
export function compiledLetters(deps: LetterDeps) {
  const kept = new Map<string, Promise<CompiledLetter>>();
  return {
    of: (campaign: Campaign): Promise<CompiledLetter> => {
      const key = `${campaign._id}:${campaign.launch}:${campaign.pinned}`;
      const letter = kept.get(key) ?? compile(deps, campaign);
      kept.delete(key);
      kept.set(key, letter);
      letter.catch(() => kept.delete(key));
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT) break;
        kept.delete(oldest);
      }
      return letter;
    },
  };
}

async function compile({ accounts, lists, config }: LetterDeps, campaign: Campaign): Promise<CompiledLetter> {
  const [list, account] = await Promise.all([
    lists.find(campaign.account, campaign.list_id),
    accounts.find(campaign.account),
  ]);
  if (typeof list === 'string') throw new Error(`campaign ${campaign._id} has no list any more`);
  return compileLetter({
    account: campaign.account,
    campaign: campaign._id,
    subject: campaign.subject,
    preheader: campaign.preheader,
    html: campaign.html,
    text: campaign.text,
    from: senderOf(campaign, list, account?.mail_from ?? config.mailFrom),
    replyTo: campaign.reply_to ?? list.defaults.reply_to,
    list: { id: list._id, uid: list.uid, name: list.name },
    publicUrl: config.publicUrl,
    boundarySeed: campaign.seed,
  });
}

/** campaign → list → account → MAIL_FROM. */
function senderOf(campaign: Campaign, list: List, fallback: string) {
  const sender = campaign.from ?? list.defaults.from ?? parseSender(fallback);
  if (sender === undefined) throw new Error(`"${fallback}" is not a sender`);
  return sender;
}
