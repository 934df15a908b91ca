import type { Index } from './definition.js';

/** Indexes of accounts, clients and quotas. */
export const ACCOUNT_INDEXES: readonly Index[] = [
  {
    on: 'accounts',
    keys: { parent_id: 1, _id: 1 },
    options: { partialFilterExpression: { parent_id: { $exists: true } } },
    serves: 'clients of an agency',
  },
  {
    on: 'accounts',
    keys: { parent_id: 1, origin: 1 },
    options: { unique: true, partialFilterExpression: { origin: { $exists: true } } },
    serves: 'the client an Idempotency-Key created',
  },
  {
    on: 'accounts',
    keys: { state: 1 },
    options: { partialFilterExpression: { state: { $exists: true } } },
    serves: 'the sweep: suspended accounts',
  },
  {
    on: 'reservations',
    keys: { sweep_at: 1 },
    options: { partialFilterExpression: { sweep_at: { $type: 'date' } } },
    serves: 'the sweep: reservations whose holders are due for a check',
  },
  {
    on: 'reservations',
    keys: { 'holder.campaign': 1, 'holder.launch': 1 },
    options: { partialFilterExpression: { 'holder.kind': 'campaign' } },
    serves: 'reservations of the rounds of a campaign',
  },
  {
    on: 'reservations',
    keys: { delete_at: 1 },
    options: { expireAfterSeconds: 0 },
    serves: 'deleting settled reservations',
  },
  {
    on: 'messages',
    keys: { account: 1, counts_for: 1, state: 1 },
    options: { partialFilterExpression: { counts_for: { $exists: true } } },
    serves: 'the number of messages of a month without a reservation',
  },
  {
    on: 'usage',
    keys: { account: 1, month: 1 },
    options: { unique: true },
    serves: 'months of one or several accounts',
  },
];
