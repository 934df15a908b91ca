import type { Index } from './definition.js';

/** Indexes of newsletters and their issues. */
export const NEWSLETTER_INDEXES: readonly Index[] = [
  { on: 'newsletters', keys: { account: 1, _id: -1 }, serves: 'newsletters of an account, newest first' },
  { on: 'newsletters', keys: { account: 1, list_id: 1, _id: -1 }, serves: 'newsletters of a list, newest first' },
  {
    on: 'newsletters',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the newsletter an Idempotency-Key created',
  },
  { on: 'newsletters', keys: { sweep_at: 1 }, serves: 'the sweep: newsletters to compare with their Schedules' },
  {
    on: 'issues',
    keys: { account: 1, newsletter: 1, scheduled_at: -1 },
    serves: 'issues of a newsletter, latest first; issues in progress; recent subjects',
  },
  {
    on: 'issues',
    keys: { account: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the issue an Idempotency-Key created',
  },
  {
    on: 'issues',
    keys: { sweep_at: 1 },
    options: { partialFilterExpression: { sweep_at: { $type: 'date' } } },
    serves: 'the sweep: issues that need a workflow',
  },
];
