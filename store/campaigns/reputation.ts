import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import { DAY, type ReputationCounts } from '../../domain/campaign/reputation.js';
import { suppressingClasses } from '../../domain/delivery/suppression.js';
import type { StoredEvent } from '../events/events.js';
import type { Store } from '../mongo/connect.js';
import { campaignTotals } from './recipient-totals.js';

export type Reputation = ReturnType<typeof reputation>;

/** Reputation counts of a campaign, computed from the ledger and the event log, so no stored counter can drift. */
export function reputation({ db }: Store) {
  const pages = db.collection<LedgerPage>('ledger');
  const events = db.collection<StoredEvent>('events');

  /** Refusals during the SMTP session. Later refusals have a report and count there. */
  const refused = async (account: number, campaign: number): Promise<number> => {
    const classes = suppressingClasses();
    const entry = {
      'exceptions.kind': 'failed',
      'exceptions.by': null,
      'exceptions.next': null,
      'exceptions.class': { $in: classes },
    };
    const found = pages.aggregate<{ n: number }>([
      { $match: { account, campaign, 'exceptions.kind': 'failed' } },
      { $unwind: '$exceptions' },
      { $match: entry },
      { $count: 'n' },
    ]);
    return (await found.next())?.n ?? 0;
  };

  return {
    /** The current counts. The reads are not one snapshot; a later check sees what this one misses. */
    counts: async (
      account: number,
      campaign: number,
      at: Date,
    ): Promise<ReputationCounts & { complaintsToday: number }> => {
      const complained = { account, campaign, type: 'recipient.complained' };
      const [totals, atOnce, later, complaints, complaintsToday] = await Promise.all([
        campaignTotals(pages, account, [campaign]),
        refused(account, campaign),
        events.countDocuments({ account, campaign, 'data.hard': true }),
        events.countDocuments(complained),
        events.countDocuments({ ...complained, at: { $gte: new Date(at.getTime() - DAY) } }),
      ]);
      const accepted = totals.get(campaign)?.sent ?? 0;
      return { accepted, hard: atOnce + later, complaints, complaintsToday };
    },
  };
}
