import type { Index } from './definition.js';

/** Of newsletters and their issues. */
export const NEWSLETTER_INDEXES: readonly Index[] = [
  { on: 'newsletters', keys: { account: 1, _id: -1 }, serves: 'newsletters of an account, the newest first' },
  {
    on: 'newsletters',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the newsletter an Idempotency-Key has made',
  },
  { on: 'newsletters', keys: { sweep_at: 1 }, serves: 'the sweep: newsletters to compare with their Schedules' },
  {
    on: 'issues',
    keys: { account: 1, newsletter: 1, scheduled_at: -1 },
    serves: 'issues of a newsletter, the latest first; those under way; what the last ones were called',
  },
  {
    on: 'issues',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the issue an Idempotency-Key has begun',
  },
  {
    on: 'issues',
    keys: { sweep_at: 1 },
    options: { partialFilterExpression: { sweep_at: { $type: 'date' } } },
    serves: 'the sweep: issues that are owed a workflow',
  },
];
