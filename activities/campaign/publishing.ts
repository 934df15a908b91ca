import type { LedgerPage, PageException } from '../../domain/campaign/ledger-page.js';
import { suppresses } from '../../domain/delivery/classify.js';
import { countsAgainstAddress } from '../../domain/delivery/soft-bounces.js';
import type { Event, Events } from '../../store/events/events.js';
import type { Subscribers } from '../../store/subscribers/subscribers.js';

export interface PublishingDeps {
  readonly events: Events;
  readonly subscribers: Pick<Subscribers, 'forSending' | 'suppress' | 'recordSoftBounce'>;
}

/**
 * Makes odd entries known: one event each (`campaign:launch:round:page:i`), and for each refusal that speaks about the
 * address itself a suppression, at once or when it has gone on for long enough. Every step may be repeated.
 */
export function pagePublisher({ events, subscribers }: PublishingDeps) {
  return async (page: LedgerPage, entries: readonly PageException[]): Promise<void> => {
    const aboutAddress = entries.filter((entry) => suppressesAddress(entry) || countsAgainstAddress(entry));
    const byId = new Map(aboutAddress.map((entry) => [page.ids[entry.i], entry]));
    const ids = [...byId.keys()].filter((id) => id !== undefined);
    const affected = ids.length === 0 ? [] : await subscribers.forSending(page.account, ids);
    for (const { _id, email_key } of affected) {
      const entry = byId.get(_id);
      if (entry !== undefined) await holdAgainst(page, email_key, entry);
    }
    await events.append(entries.map((entry) => eventOf(page, entry)));
  };

  async function holdAgainst({ account, campaign }: LedgerPage, emailKey: string, entry: PageException): Promise<void> {
    const { class: reason, reply, at } = entry;
    const evidence = { reply, campaign };
    if (suppressesAddress(entry)) await subscribers.suppress(account, emailKey, 'bounced', evidence);
    else await subscribers.recordSoftBounce(account, emailKey, { reason, at }, evidence);
  }
}

/** Nobody is there any more. */
export function suppressesAddress(entry: PageException): boolean {
  return entry.kind === 'failed' && suppresses({ ...entry, kind: 'failed' });
}

export function eventOf(page: LedgerPage, entry: PageException): Omit<Event, 'at'> {
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
