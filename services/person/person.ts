import { issueOfOrigin } from '../../domain/newsletter/issue.js';
import type { Waiting } from '../../domain/waiting/waiting.js';
import type { Message } from '../../store/messages/row.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Stores } from '../../store/stores.js';
import type { Subscriber } from '../../store/subscribers/row.js';
import type { Suppression } from '../../store/suppressions/suppressions.js';
import { type MailReactions, NO_REACTIONS } from '../../store/tracking/reactions.js';
import { type MessageWaitingStores, messagesWaiting } from '../waiting/messages-waiting.js';
import { type CampaignMail, campaignMails } from './campaign-mails.js';
import { type ScheduledMail, scheduledMails } from './scheduled.js';

export type PersonStores = MessageWaitingStores &
  Pick<
    Stores,
    | 'campaigns'
    | 'events'
    | 'issues'
    | 'lists'
    | 'messages'
    | 'newsletters'
    | 'reactions'
    | 'recipients'
    | 'rounds'
    | 'subscribers'
    | 'suppressions'
  >;

/** Who is asked about, and by whom. */
export interface PersonQuery {
  readonly account: number;
  /** Identity of the address. */
  readonly emailKey: string;
  /** The lists of a restricted key, which sees no messages and no evidence of a suppression; null: not restricted. */
  readonly onlyLists: readonly number[] | null;
  /** Mails of each kind. */
  readonly limit: number;
}

/** One mail of a campaign; `issue` where the campaign is an issue of a newsletter. */
export type PersonCampaignMail = CampaignMail & {
  readonly reactions: MailReactions;
  readonly issue: Issue | undefined;
};

export interface PersonMessage {
  readonly message: Message;
  /** Null: it moves or is final. */
  readonly waiting: Waiting | null;
  readonly reactions: MailReactions;
}

export interface Person {
  readonly rows: readonly Subscriber[];
  readonly listNames: ReadonlyMap<number, string>;
  readonly suppression: Suppression | null;
  readonly campaigns: readonly PersonCampaignMail[];
  /** Null: not for the reader. */
  readonly messages: readonly PersonMessage[] | null;
  readonly scheduled: readonly ScheduledMail[];
}

const MOST_LISTS = 100;

/** Everything about one address; undefined: it is on no list, in no message, and not suppressed. */
export async function readPerson(stores: PersonStores, query: PersonQuery, at: Date): Promise<Person | undefined> {
  const { account, emailKey, onlyLists, limit } = query;
  const [rows, suppression, messages] = await Promise.all([
    stores.subscribers.onLists(account, emailKey, onlyLists ?? undefined, MOST_LISTS),
    stores.suppressions.find(account, emailKey),
    onlyLists === null ? stores.messages.page(account, { to: emailKey, limit }) : null,
  ]);
  // To a restricted key an address beyond its lists is unknown, whatever else is stored of it.
  const isKnown = rows.length > 0 || (onlyLists === null && (suppression !== null || messages?.length !== 0));
  if (!isKnown) return undefined;
  const ofScheduled = { account, rows, suppressed: suppression !== null, emailKey: messages ? emailKey : undefined };
  const [listNames, campaigns, withReactions, scheduled] = await Promise.all([
    stores.lists.namesOf(
      account,
      rows.map(({ list_id }) => list_id),
    ),
    campaignMailsOf(stores, account, rows, limit),
    messages && personMessages(stores, account, messages),
    scheduledMails(stores, ofScheduled, at),
  ]);
  const shown = onlyLists === null || suppression === null ? suppression : { ...suppression, evidence: null };
  return { rows, listNames, suppression: shown, campaigns, messages: withReactions, scheduled };
}

async function campaignMailsOf(
  stores: PersonStores,
  account: number,
  rows: readonly Subscriber[],
  limit: number,
): Promise<PersonCampaignMail[]> {
  const { found } = await campaignMails(stores, { account, rows, limit });
  const origins = found.flatMap(({ campaign }) => issueOfOrigin(campaign.origin) ?? []);
  const [reactions, issues] = await Promise.all([
    stores.reactions.toCampaigns(
      account,
      found.map(({ campaign }) => campaign._id),
      rows.map(({ _id }) => _id),
    ),
    origins.length === 0 ? [] : stores.issues.findMany(account, origins),
  ]);
  const issueOf = new Map(issues.map((issue) => [issue.campaign, issue]));
  return found.map((mail) => ({
    ...mail,
    reactions: reactions.get(mail.campaign._id) ?? NO_REACTIONS,
    issue: issueOf.get(mail.campaign._id),
  }));
}

async function personMessages(
  stores: PersonStores,
  account: number,
  messages: readonly Message[],
): Promise<PersonMessage[]> {
  const ids = messages.map(({ _id }) => _id);
  const [reactions, waiting] = await Promise.all([
    stores.reactions.toMessages(account, ids),
    messagesWaiting(stores, account, messages),
  ]);
  return messages.map((message) => {
    const { _id } = message;
    return { message, reactions: reactions.get(_id) ?? NO_REACTIONS, waiting: waiting.get(_id) ?? null };
  });
}
