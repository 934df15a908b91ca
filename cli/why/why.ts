import { personView } from '../../api/routes/people/view.js';
import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { parseMailbox } from '../../mail/address.js';
import { readPerson } from '../../services/person/person.js';
import { type AskedAbout, type WhyStores, whyCampaign, whyMessage } from '../../services/person/why.js';
import { stores } from '../../store/stores.js';
import { withOpenStore } from '../keys.js';
import { print } from '../stories/lines.js';
import { storyOf } from './story.js';

export interface WhyOptions {
  readonly account: number;
  readonly campaign?: number;
  /** The UUID of a message. */
  readonly message?: string;
  /** Prints what `GET /people/{email}` answers instead of a story. */
  readonly json: boolean;
}

type Answer = Awaited<ReturnType<typeof whyCampaign>> | Awaited<ReturnType<typeof whyMessage>>;

const MAILS_SHOWN = 10;

/** `everpost why <email>`: what is known about an address. Exit code 1 where nothing is. */
export function why(config: Config, email: string, options: WhyOptions): Promise<number> {
  return withOpenStore(config, async (store) => {
    const emailKey = parseMailbox(email)?.identity;
    if (emailKey === undefined) return fail(`${email} is not an address.`);
    // None of the answers needs a sealed value.
    const nouns = stores(store, { secret: '' });
    const { account, json } = options;
    const query = { account, emailKey, onlyLists: null, limit: MAILS_SHOWN };
    const person = await readPerson(nouns, query, now());
    if (person === undefined) return fail(`No list, message or suppression of account ${account} has ${emailKey}.`);
    const answer = await answerTo(nouns, { emailKey, suppression: person.suppression }, options);
    if (typeof answer === 'string') return fail(answer);
    const view = personView(emailKey, person, answer);
    print(view, storyOf(view), json);
    return 0;
  });
}

/** Null: nothing was asked. A text: the question has no answer. */
async function answerTo(nouns: WhyStores, about: AskedAbout, { account, campaign, message }: WhyOptions) {
  if (campaign !== undefined) {
    const row = await nouns.campaigns.owned(account, campaign);
    if (typeof row === 'string') return `Account ${account} has no campaign ${campaign}.`;
    return answered(await whyCampaign(nouns, row, about), { campaign_id: row._id });
  }
  if (message === undefined) return null;
  const row = await nouns.messages.owned(account, message.toLowerCase());
  if (typeof row === 'string') return `Account ${account} has no message ${message}.`;
  if (row.to_key !== about.emailKey) return `Message ${message} was sent to another address.`;
  return answered(await whyMessage(nouns, row, now()), { message_id: row._id });
}

function answered(answer: Answer, of: { readonly campaign_id: number } | { readonly message_id: string }) {
  return { campaign_id: null, message_id: null, ...of, ...answer };
}

function fail(sentence: string): number {
  console.error(sentence);
  return 1;
}
