import { suppresses } from '../domain/classify.js';
import type { LedgerPage, OddEntry } from '../domain/page.js';
import { wears } from '../domain/soft-bounces.js';
import type { Event, Events } from '../store/events.js';
import type { Subscribers } from '../store/subscribers.js';

export interface TellingDeps {
  readonly events: Events;
  readonly subscribers: Pick<Subscribers, 'forSending' | 'condemn' | 'wearDown'>;
}

/**
 * Makes odd entries known: one event each (`campaign:launch:round:page:i`), and for each refusal that speaks about the
 * address itself a suppression, at once or when it has gone on for long enough. Every step may be repeated.
 */
export function teller({ events, subscribers }: TellingDeps) {
  return async (page: LedgerPage, entries: readonly OddEntry[]): Promise<void> => {
    const aboutAddress = entries.filter((entry) => condemns(entry) || wears(entry));
    const byId = new Map(aboutAddress.map((entry) => [page.ids[entry.i], entry]));
    const ids = [...byId.keys()].filter((id) => id !== undefined);
    const people = ids.length === 0 ? [] : await subscribers.forSending(page.account, ids);
    for (const { _id, email_key } of people) {
      const entry = byId.get(_id);
      if (entry !== undefined) await holdAgainst(page, email_key, entry);
    }
    await events.append(entries.map((entry) => eventOf(page, entry)));
  };

  async function holdAgainst({ account, campaign }: LedgerPage, emailKey: string, entry: OddEntry): Promise<void> {
    const { class: reason, reply, at } = entry;
    const evidence = { reply, campaign };
    if (condemns(entry)) await subscribers.condemn(account, emailKey, 'bounced', evidence);
    else await subscribers.wearDown(account, emailKey, { reason, at }, evidence);
  }
}

/** Nobody is there any more. */
export function condemns(entry: OddEntry): boolean {
  return entry.kind === 'failed' && suppresses({ ...entry, kind: 'failed' });
}

export function eventOf(page: LedgerPage, entry: OddEntry): Omit<Event, 'at'> {
  const { account, campaign, ids } = page;
  const subscriber = ids[entry.i];
  return {
    _id: `${page._id}:${entry.i}`,
    account,
    campaign,
    ...(subscriber === undefined ? {} : { subscriber }),
    type: `recipient.${entry.kind}`,
    data: { class: entry.class, code: entry.code, reply: entry.reply },
  };
}
