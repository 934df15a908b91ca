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

  /** Recipients for whom the letter could not be rendered, and the fault for one of them. */
  const unrendered = async (account: number, campaign: number) => {
    const failed = { 'exceptions.class': 'render_error', 'exceptions.kind': 'failed', 'exceptions.next': null };
    const found = pages.aggregate<{ n: number; fault: string | null }>([
      { $match: { account, campaign, 'exceptions.class': 'render_error' } },
      { $unwind: '$exceptions' },
      { $match: failed },
      { $group: { _id: null, n: { $sum: 1 }, fault: { $first: '$exceptions.reply' } } },
    ]);
    return (await found.next()) ?? { n: 0, fault: null };
  };

  return {
    /** The current counts. The reads are not one snapshot; a later check sees what this one misses. */
    counts: async (
      account: number,
      campaign: number,
      at: Date,
    ): Promise<ReputationCounts & { complaintsToday: number; fault: string | null }> => {
      const complained = { account, campaign, type: 'recipient.complained' };
      const [totals, atOnce, later, complaints, complaintsToday, { n, fault }] = await Promise.all([
        campaignTotals(pages, account, [campaign]),
        refused(account, campaign),
        events.countDocuments({ account, campaign, 'data.hard': true }),
        events.countDocuments(complained),
        events.countDocuments({ ...complained, at: { $gte: new Date(at.getTime() - DAY) } }),
        unrendered(account, campaign),
      ]);
      const accepted = totals.get(campaign)?.sent ?? 0;
      return { accepted, hard: atOnce + later, complaints, complaintsToday, unrendered: n, fault };
    },
  };
}
