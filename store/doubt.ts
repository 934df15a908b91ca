import type { LedgerPage } from '../domain/page.js';
import { fenced, type Store } from './connect.js';
import { events } from './events.js';
import { evidence } from './ledger.js';

export type Doubt = ReturnType<typeof doubt>;

interface Place {
  /** Id of the ledger page. */
  readonly page: string;
  readonly i: number;
  readonly subscriber: number;
}

/** Recipients of whom nobody knows whether the mail arrived, and the evidence that a person's click is. */
export function doubt(store: Store) {
  const pages = fenced<LedgerPage>(store, 'ledger');
  const { late } = evidence(pages);
  const river = events(store);
  const inDoubt = { 'odd.kind': 'uncertain' } as const;

  return {
    /** Everybody about whom a campaign is in doubt, read from an index of pages with doubt alone. */
    openIn: async (account: number, campaign: number): Promise<number[]> => {
      const found = await pages
        .find({ account, campaign, ...inDoubt })
        .project<LedgerPage>(NAMES)
        .toArray();
      return found.flatMap(placesOn).map(({ subscriber }) => subscriber);
    },

    /**
     * These people have clicked: where the ledger is in doubt about their mail, it is sent. Each write matches once, and
     * not once a later round took them up; repeating all of it changes nothing.
     */
    settle: async (account: number, campaign: number, subscribers: readonly number[], at: Date): Promise<void> => {
      const wanted = new Set(subscribers);
      if (wanted.size === 0) return;
      const filter = { account, campaign, ...inDoubt, ids: { $in: [...wanted] } };
      const found = await pages.find(filter).project<LedgerPage>(NAMES).toArray();
      for (const { page, i, subscriber } of found.flatMap(placesOn)) {
        if (!wanted.has(subscriber)) continue;
        const arrived = { i, kind: 'sent', class: 'clicked', code: null, reply: null, at } as const;
        if (!(await late({ _id: page, account }, arrived))) continue;
        const data = { class: 'clicked', code: null };
        await river.append([{ _id: `${page}:${i}:late`, account, campaign, subscriber, type: 'recipient.sent', data }]);
      }
    },
  };
}

const NAMES = { ids: 1, odd: 1 } as const;

function placesOn({ _id: page, ids, odd }: Pick<LedgerPage, '_id' | 'ids' | 'odd'>): Place[] {
  return odd.flatMap(({ i, kind, next }) => {
    const subscriber = ids[i];
    return kind === 'uncertain' && next === null && subscriber !== undefined ? { page, i, subscriber } : [];
  });
}
