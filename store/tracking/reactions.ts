import type { Collection, Document, Filter } from 'mongodb';
import type { StoredEvent } from '../events/events.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { markBursts } from './bursts.js';

/** Visits of a mail; `people` and the times are those of persons, `machines` the visits of programs. */
export interface MailVisits {
  readonly people: number;
  readonly machines: number;
  readonly first_at: Date | null;
  readonly last_at: Date | null;
}

/** A report about a mail that had been accepted. */
export interface MailReport {
  readonly at: Date;
  readonly class: string | null;
  /** Addresses scrubbed. */
  readonly reply: string | null;
}

/** What followed a mail to one recipient. */
export interface MailReactions {
  readonly opens: MailVisits;
  readonly clicks: MailVisits;
  readonly bounced: MailReport | null;
  readonly complained: MailReport | null;
}

const NO_VISITS: MailVisits = { people: 0, machines: 0, first_at: null, last_at: null };
export const NO_REACTIONS: MailReactions = { opens: NO_VISITS, clicks: NO_VISITS, bounced: null, complained: null };

const KINDS = ['opened', 'clicked', 'bounced', 'complained'] as const;
/** A robot may visit a mail without end. */
const MOST_READ = 10_000;

/** Opens, clicks and reports of the mails of one person, read from the event log. Reads at most 10,000 events. */
export function reactions(store: Store) {
  const events = majorityCollection<StoredEvent>(store, 'events');
  return {
    /** Those of campaigns, by campaign. `subscribers` are the rows of one person. */
    toCampaigns: (account: number, campaigns: readonly number[], subscribers: readonly number[]) => {
      const type = { $in: KINDS.map((kind) => `recipient.${kind}`) };
      const asked = { account, campaign: { $in: [...campaigns] }, type, subscriber: { $in: [...subscribers] } };
      return campaigns.length === 0 ? new Map<number, MailReactions>() : read<number>(events, asked, '$campaign');
    },

    /** Those of messages, by their ids. Ids of events begin with the message's, so that new ones are found at once. */
    toMessages: (account: number, messages: readonly string[]) => {
      const type = { $in: KINDS.map((kind) => `message.${kind}`) };
      const ofEach = messages.map((id) => ({ _id: { $gte: `message:${id}:`, $lt: `message:${id};` } }));
      if (messages.length === 0) return new Map<string, MailReactions>();
      return read<string>(events, { account, type, $or: ofEach }, '$data.message');
    },
  };
}

interface Group {
  readonly _id: { readonly mail: number | string; readonly type: string; readonly by?: 'person' | 'machine' };
  readonly n: number;
  readonly first_at: Date;
  readonly last_at: Date;
  readonly data?: { readonly class?: unknown; readonly reply?: unknown; readonly detail?: unknown };
}

async function read<Id extends number | string>(
  events: Collection<StoredEvent>,
  asked: Filter<StoredEvent>,
  mail: string,
): Promise<Map<Id, MailReactions>> {
  const pipeline: readonly Document[] = [
    { $match: asked },
    { $limit: MOST_READ },
    { $project: { mail, type: 1, at: 1, data: 1, by: '$data.by', link: '$data.link' } },
    ...markBursts({ mail: '$mail', type: '$type' }),
    {
      $group: {
        _id: { mail: '$mail', type: '$type', by: '$by' },
        n: { $sum: 1 },
        first_at: { $min: '$at' },
        last_at: { $max: '$at' },
        data: { $first: '$data' },
      },
    },
  ];
  const groups = await events.aggregate<Group>([...pipeline]).toArray();
  const mails = new Set(groups.map(({ _id }) => _id.mail as Id));
  return new Map([...mails].map((id) => [id, reactionsIn(groups.filter(({ _id }) => _id.mail === id))]));
}

function reactionsIn(groups: readonly Group[]): MailReactions {
  const of = (kind: (typeof KINDS)[number]) => groups.filter(({ _id }) => _id.type.endsWith(`.${kind}`));
  return {
    opens: visitsIn(of('opened')),
    clicks: visitsIn(of('clicked')),
    bounced: reportIn(of('bounced')),
    complained: reportIn(of('complained')),
  };
}

function visitsIn(groups: readonly Group[]): MailVisits {
  const person = groups.find(({ _id }) => _id.by !== 'machine');
  const machine = groups.find(({ _id }) => _id.by === 'machine');
  return {
    people: person?.n ?? 0,
    machines: machine?.n ?? 0,
    first_at: person?.first_at ?? null,
    last_at: person?.last_at ?? null,
  };
}

function reportIn([group]: readonly Group[]): MailReport | null {
  if (group === undefined) return null;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const { class: why, reply, detail } = group.data ?? {};
  return { at: group.first_at, class: text(why), reply: text(reply) ?? text(detail) };
}
