import type { Index } from './definition.js';

/** Indexes of accounts, their clients and what they may do. */
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
    serves: 'the client an Idempotency-Key has made',
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
    serves: 'the sweep: reservations whose holders are to be looked after',
  },
  {
    on: 'reservations',
    keys: { 'holder.campaign': 1, 'holder.launch': 1 },
    options: { partialFilterExpression: { 'holder.kind': 'campaign' } },
    serves: 'what the rounds of a campaign hold and have used',
  },
  {
    on: 'reservations',
    keys: { delete_at: 1 },
    options: { expireAfterSeconds: 0 },
    serves: 'forgetting settled reservations',
  },
  {
    on: 'messages',
    keys: { account: 1, counts_for: 1, state: 1 },
    options: { partialFilterExpression: { counts_for: { $exists: true } } },
    serves: 'messages of a month for which nothing is reserved, counted',
  },
  {
    on: 'usage',
    keys: { account: 1, month: 1 },
    options: { unique: true },
    serves: 'months of one or several accounts',
  },
];
