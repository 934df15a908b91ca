import { personView } from '../../api/routes/people/view.js';
import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { parseMailbox } from '../../mail/address.js';
import { type PersonStores, readPerson } from '../../services/person/person.js';
import { type AskedAbout, whyCampaign, whyMessage } from '../../services/person/why.js';
import { campaigns } from '../../store/campaigns/campaigns.js';
import { campaignReading } from '../../store/campaigns/reading.js';
import { recipients } from '../../store/campaigns/recipients.js';
import { rounds } from '../../store/campaigns/rounds.js';
import { events } from '../../store/events/events.js';
import { lists } from '../../store/lists/lists.js';
import { messages } from '../../store/messages/messages.js';
import type { Store } from '../../store/mongo/connect.js';
import { issues } from '../../store/newsletters/issues.js';
import { newsletters } from '../../store/newsletters/newsletters.js';
import { subscribers } from '../../store/subscribers/subscribers.js';
import { suppressions } from '../../store/suppressions/suppressions.js';
import { reactions } from '../../store/tracking/reactions.js';
import { withOpenStore } from '../keys.js';
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
    const stores = personStores(store);
    const { account, json } = options;
    const query = { account, emailKey, onlyLists: null, limit: MAILS_SHOWN };
    const person = await readPerson(stores, query, now());
    if (person === undefined) return fail(`No list, message or suppression of account ${account} has ${emailKey}.`);
    const answer = await answerTo(stores, { emailKey, suppression: person.suppression }, options);
    if (typeof answer === 'string') return fail(answer);
    const view = personView(emailKey, person, answer);
    if (json) console.log(JSON.stringify(view, null, 2));
    else for (const line of storyOf(view)) console.log(line);
    return 0;
  });
}

/** Null: nothing was asked. A text: the question has no answer. */
async function answerTo(stores: PersonStores, about: AskedAbout, { account, campaign, message }: WhyOptions) {
  if (campaign !== undefined) {
    const row = await stores.campaigns.owned(account, campaign);
    if (typeof row === 'string') return `Account ${account} has no campaign ${campaign}.`;
    return answered(await whyCampaign(stores, row, about), { campaign_id: row._id });
  }
  if (message === undefined) return null;
  const row = await stores.messages.owned(account, message.toLowerCase());
  if (typeof row === 'string') return `Account ${account} has no message ${message}.`;
  if (row.to_key !== about.emailKey) return `Message ${message} was sent to another address.`;
  return answered(await whyMessage(stores, row, now()), { message_id: row._id });
}

function answered(answer: Answer, of: { readonly campaign_id: number } | { readonly message_id: string }) {
  return { campaign_id: null, message_id: null, ...of, ...answer };
}

function fail(sentence: string): number {
  console.error(sentence);
  return 1;
}

/** The stores that the answer is read from; none of them needs a secret. */
function personStores(store: Store): PersonStores {
  return {
    campaigns: { ...campaigns(store), ...campaignReading(store) },
    events: events(store),
    issues: issues(store),
    lists: lists(store),
    messages: messages(store),
    newsletters: newsletters(store),
    reactions: reactions(store),
    recipients: recipients(store),
    rounds: rounds(store),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
  };
}
