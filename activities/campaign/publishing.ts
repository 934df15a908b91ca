import type { LedgerPage, PageException } from '../../domain/campaign/ledger-page.js';
import { decideForAddress } from '../../domain/delivery/suppression.js';
import { applyRefusal, type SuppressionStores } from '../../services/suppress.js';
import type { Event, Events } from '../../store/events/events.js';

export interface PublishingDeps extends SuppressionStores {
  readonly events: Events;
}

/**
 * Publishes a page's exceptions: appends one event each (`campaign:launch:round:page:i`) and applies each refusal to the
 * recipient's address. Idempotent.
 */
export function pagePublisher(deps: PublishingDeps) {
  return async (page: LedgerPage, entries: readonly PageException[]): Promise<void> => {
    const about = { account: page.account, campaign: page.campaign };
    const aboutAddress = entries.filter((entry) => decideForAddress(entry) !== 'nothing');
    const byId = new Map(aboutAddress.map((entry) => [page.ids[entry.i], entry]));
    const ids = [...byId.keys()].filter((id) => id !== undefined);
    const affected = ids.length === 0 ? [] : await deps.subscribers.forSending(page.account, ids);
    for (const { _id, email_key } of affected) {
      const entry = byId.get(_id);
      if (entry !== undefined) await applyRefusal(deps, { ...about, emailKey: email_key }, entry);
    }
    await deps.events.append(entries.map((entry) => eventOf(page, entry)));
  };
}

function eventOf(page: LedgerPage, entry: PageException): Omit<Event, 'at'> {
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
