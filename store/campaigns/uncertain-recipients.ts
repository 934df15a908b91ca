import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import { events } from '../events/events.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { evidence } from './ledger.js';

export type UncertainRecipients = ReturnType<typeof uncertainRecipients>;

interface UncertainPosition {
  /** Id of the ledger page. */
  readonly page: string;
  readonly i: number;
  readonly subscriber: number;
}

/** Recipients of whom nobody knows whether the mail arrived, and the evidence that a person's click is. */
export function uncertainRecipients(store: Store) {
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  const { recordLateEvidence } = evidence(pages);
  const eventLog = events(store);
  const hasUncertain = { 'exceptions.kind': 'uncertain' } as const;

  return {
    /** Everybody about whom a campaign is in doubt, read from an index of pages with doubt alone. */
    ofCampaign: async (account: number, campaign: number): Promise<number[]> => {
      const found = await pages
        .find({ account, campaign, ...hasUncertain })
        .project<LedgerPage>(ENTRY_FIELDS)
        .toArray();
      return found.flatMap(positionsOn).map(({ subscriber }) => subscriber);
    },

    /**
     * These people have clicked: where the ledger is in doubt about their mail, it is sent. Each write matches once, and
     * not once a later round took them up; repeating all of it changes nothing.
     */
    settleAsSent: async (
      account: number,
      campaign: number,
      subscribers: readonly number[],
      at: Date,
    ): Promise<void> => {
      const wanted = new Set(subscribers);
      if (wanted.size === 0) return;
      const filter = { account, campaign, ...hasUncertain, ids: { $in: [...wanted] } };
      const found = await pages.find(filter).project<LedgerPage>(ENTRY_FIELDS).toArray();
      for (const { page, i, subscriber } of found.flatMap(positionsOn)) {
        if (!wanted.has(subscriber)) continue;
        const arrived = { i, kind: 'sent', class: 'clicked', code: null, reply: null, at } as const;
        if (!(await recordLateEvidence({ _id: page, account }, arrived))) continue;
        const data = { class: 'clicked', code: null };
        await eventLog.append([
          { _id: `${page}:${i}:late`, account, campaign, subscriber, type: 'recipient.sent', data },
        ]);
      }
    },
  };
}

const ENTRY_FIELDS = { ids: 1, exceptions: 1 } as const;

function positionsOn({
  _id: page,
  ids,
  exceptions,
}: Pick<LedgerPage, '_id' | 'ids' | 'exceptions'>): UncertainPosition[] {
  return exceptions.flatMap(({ i, kind, next }) => {
    const subscriber = ids[i];
    return kind === 'uncertain' && next === null && subscriber !== undefined ? { page, i, subscriber } : [];
  });
}
