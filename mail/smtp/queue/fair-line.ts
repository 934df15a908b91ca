import type { Share } from '../hand-over.js';

/**
 * Waiting items. Accounts take turns, and the campaigns of an account take turns within its turn, so that the number of mails
 * that one account queues does not delay another. The items of a campaign keep their order; items put back go first.
 */
export function fairLine<T>(shareOf: (item: T) => Share) {
  /** In the order of their next turns. */
  const accounts = new Map<number, Map<number, T[]>>();
  const returned: T[] = [];
  let length = 0;

  const add = (item: T): void => {
    const { account, campaign } = shareOf(item);
    const campaigns = accounts.get(account) ?? new Map<number, T[]>();
    const items = campaigns.get(campaign) ?? [];
    items.push(item);
    campaigns.set(campaign, items);
    accounts.set(account, campaigns);
    length += 1;
  };
  /** Takes an item, and moves its campaign and its account to the end. */
  const takeFrom = (account: number, campaigns: Map<number, T[]>, fits: (item: T) => boolean): T | undefined => {
    for (const [campaign, items] of campaigns) {
      const item = takeFirst(items, fits);
      if (item === undefined) continue;
      campaigns.delete(campaign);
      if (items.length > 0) campaigns.set(campaign, items);
      accounts.delete(account);
      if (campaigns.size > 0) accounts.set(account, campaigns);
      length -= 1;
      return item;
    }
    return undefined;
  };

  return {
    length: (): number => returned.length + length,
    add,
    putBack: (item: T): void => {
      returned.unshift(item);
    },
    take: (fits: (item: T) => boolean): T | undefined => {
      const first = takeFirst(returned, fits);
      if (first !== undefined) return first;
      for (const [account, campaigns] of accounts) {
        const item = takeFrom(account, campaigns, fits);
        if (item !== undefined) return item;
      }
      return undefined;
    },
    /** Calls back for each item and removes those for which it returns true. */
    remove: (isOver: (item: T) => boolean): void => {
      const waiting = [...accounts.values()].flatMap((campaigns) => [...campaigns.values()].flat());
      accounts.clear();
      length = 0;
      for (const item of returned.splice(0)) if (!isOver(item)) returned.push(item);
      for (const item of waiting) if (!isOver(item)) add(item);
    },
  };
}

/** Takes the first item that fits out of a list. */
function takeFirst<T>(items: T[], fits: (item: T) => boolean): T | undefined {
  const at = items.findIndex(fits);
  return at < 0 ? undefined : items.splice(at, 1)[0];
}
