import { suppresses } from '../domain/classify.js';
import type { LedgerPage, OddEntry } from '../domain/page.js';
import type { Event, Events } from '../store/events.js';
import type { Subscribers } from '../store/subscribers.js';

export interface TellingDeps {
  readonly events: Events;
  readonly subscribers: Pick<Subscribers, 'forSending' | 'condemn'>;
}

/**
 * Makes odd entries known: one event each (`campaign:launch:round:page:i`), and a suppression for each refusal that speaks
 * about the address itself. Every step may be repeated.
 */
export function teller({ events, subscribers }: TellingDeps) {
  return async (page: LedgerPage, entries: readonly OddEntry[]): Promise<void> => {
    await suppressRefused(
      page,
      entries.filter((entry) => entry.kind === 'failed' && suppresses({ ...entry, kind: 'failed' })),
    );
    await events.append(entries.map((entry) => eventOf(page, entry)));
  };

  async function suppressRefused(page: LedgerPage, refused: readonly OddEntry[]): Promise<void> {
    const replies = new Map(refused.map((entry) => [page.ids[entry.i], entry.reply]));
    const ids = [...replies.keys()].filter((id) => id !== undefined);
    if (ids.length === 0) return;
    for (const { _id, email_key } of await subscribers.forSending(page.account, ids)) {
      const evidence = { reply: replies.get(_id) ?? null, campaign: page.campaign };
      await subscribers.condemn(page.account, email_key, 'bounced', evidence);
    }
  }
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
