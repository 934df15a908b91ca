import type { LedgerPage } from '../domain/page.js';
import { fenced, type Store } from './connect.js';
import { evidence } from './ledger.js';

/** A recipient of whom nobody knows whether the mail arrived, and whom no later round took up. */
export interface DoubtfulPlace {
  /** Id of the ledger page. */
  readonly page: string;
  readonly i: number;
  readonly subscriber: number;
}

export type Doubt = ReturnType<typeof doubt>;

/** Doubt, and the evidence that ends it from outside of the send. */
export function doubt(store: Store) {
  const pages = fenced<LedgerPage>(store, 'ledger');
  const { late } = evidence(pages);
  return {
    /** Those of these subscribers about whom a campaign is in doubt; read from an index of pages with doubt alone. */
    openAmong: async (account: number, campaign: number, subscribers: readonly number[]): Promise<DoubtfulPlace[]> => {
      const wanted = new Set(subscribers);
      const filter = { account, campaign, 'odd.kind': 'uncertain' as const, ids: { $in: [...wanted] } };
      const found = await pages
        .find(filter)
        .project<Pick<LedgerPage, '_id' | 'ids' | 'odd'>>({ ids: 1, odd: 1 })
        .toArray();
      return found.flatMap(({ _id, ids, odd }) =>
        odd.flatMap(({ i, kind, next }) => {
          const subscriber = ids[i];
          const open = kind === 'uncertain' && next === null && subscriber !== undefined && wanted.has(subscriber);
          return open ? { page: _id, i, subscriber } : [];
        }),
      );
    },

    /** Everybody about whom a campaign is in doubt. */
    openIn: async (account: number, campaign: number): Promise<number[]> => {
      const found = pages.find({ account, campaign, 'odd.kind': 'uncertain' }).project<LedgerPage>({ ids: 1, odd: 1 });
      const doubtful: number[] = [];
      for await (const { ids, odd } of found) {
        for (const { i, kind, next } of odd) {
          const subscriber = ids[i];
          if (kind === 'uncertain' && next === null && subscriber !== undefined) doubtful.push(subscriber);
        }
      }
      return doubtful;
    },

    /** The mail is there after all: a person has clicked in it. Matches once, and not once a later round took them up. */
    arrived: (account: number, { page, i }: DoubtfulPlace, at: Date): Promise<boolean> =>
      late({ _id: page, account }, { i, kind: 'sent', class: 'clicked', code: null, reply: null, at }),
  };
}
