import type { Index } from './indexes.js';

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
];
