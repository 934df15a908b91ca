import { majorityCollection, type Store } from '../mongo/connect.js';
import type { Issue } from '../newsletters/issues.js';
import type { Newsletter } from '../newsletters/newsletters.js';

/** Newsletters of a restored database, and their issues that may have been sent since the backup. */
export function newsletterTimes(store: Store) {
  const rows = majorityCollection<Newsletter>(store, 'newsletters');
  const issues = majorityCollection<Issue>(store, 'issues');
  return {
    newsletters: (): Promise<Newsletter[]> => rows.find().sort({ _id: 1 }).toArray(),

    /** Issues that were begun and were to be sent by `until`. */
    issuesDue: (until: Date): Promise<Issue[]> =>
      issues
        .find({ state: 'preparing', send_at: { $lte: until } })
        .sort({ scheduled_at: 1 })
        .toArray(),

    /** Only times after `from` get an issue from now on; the sweep makes its Schedule again. Atomic: one update. */
    resumeFrom: async ({ _id, account }: Newsletter, from: Date): Promise<void> => {
      await rows.updateOne({ _id, account }, { $max: { accounted_until: from }, $currentDate: { sweep_at: true } });
    },
  };
}
